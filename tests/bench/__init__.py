"""Benchmarks: run on demand, reported as ratios against a floor or a peer."""
