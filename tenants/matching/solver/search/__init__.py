"""The compiled search for good groups: arrays in, arrays out."""
