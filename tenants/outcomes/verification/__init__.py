"""What public sources say that somebody published or was awarded: found in the background, attached once confirmed."""
