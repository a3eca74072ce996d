"""Cantus: neural audio models trained from versioned TOML recipes."""

from engine.address_space import require_room_for_torch
from engine.elsewhere import import_elsewhere

import_elsewhere()
require_room_for_torch()
