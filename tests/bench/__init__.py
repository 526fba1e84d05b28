"""Benchmarks: `make bench`. What each row means and how to read it: docs/benchmarks.md."""
