"""Measurements that anyone can repeat; what they printed here is in docs/RESULTS.md."""
