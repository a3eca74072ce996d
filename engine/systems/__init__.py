"""The model families, a folder each. Nothing lists them, and none imports another."""
