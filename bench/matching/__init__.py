"""How good and how fast group formation is, beside what is published and what a user could install."""
