"""Imports: a file on its way into a cohort, checked row by row and applied whole or not at all."""
