"""shinso (深層): a deep-learning framework to learn from."""
