"""Cantus: neural audio models trained from versioned TOML recipes."""

from engine.address_space import require_room_for_torch
from engine.elsewhere import import_elsewhere

__version__ = "0.1.0"

import_elsewhere()
require_room_for_torch()
