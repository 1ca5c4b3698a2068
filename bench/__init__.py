"""The benchmark: shinso and PyTorch on the same five networks, in turns, on the same machine."""
