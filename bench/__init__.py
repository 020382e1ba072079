"""Benchmarks: each prints a ratio measured in one run against what stands beside it."""
