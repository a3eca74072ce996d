"""Cantus: neural audio models trained from versioned TOML recipes."""

__version__ = "0.1.0"
