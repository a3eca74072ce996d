"""Why clips are not used, and what would help."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Reason = Literal[
    "other speaker",
    "speaker unknown",
    "recorded lower",
    "silent",
    "peak above 2.5",
    "no voiced frame",
]

WAY_OUT: Mapping[Reason, str] = MappingProxyType(
    {
        "other speaker": "add it to dataset.speakers",
        "speaker unknown": "name its speaker in the corpus's table, or put its file into a folder "
        "of that name",
        "recorded lower": "record it again, or set dataset.upsampling = 'allow'",
        "silent": "record it louder, or take it out of the corpus",
        "peak above 2.5": "record it again: it is overdriven",
        "no voiced frame": "nothing, where nobody speaks; else another dataset.pitch",
    }
)
"""What would make a clip usable, by reason."""
