"""Figures of reports and of trials: pure functions of numbers, none of which draws a random one.

`docs/statistics.md` says for each what it means, where it comes from and what to beware of.
"""
