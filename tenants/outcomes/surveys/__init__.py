"""Surveys: an instrument asked in waves, answered for oneself alone, and told in distributions over eleven or more."""
