"""The catalogue capability of the Universal Commerce Protocol: its shapes and its three functions."""
