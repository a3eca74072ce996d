"""Cantus: neural audio models trained from versioned TOML recipes."""

from engine.elsewhere import import_elsewhere

__version__ = "0.1.0"

import_elsewhere()
