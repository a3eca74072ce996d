"""For which reasons clips are left out, and what would let them be used."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from engine.systems.codec_lm.data.references import Candidates

Reason = Literal[
    "speaker unknown",
    "transcript missing",
    "too short",
    "too long",
    "recorded lower",
    "silent",
    "text not in the tokenizer",
    "only clip of its speaker",
    "no reference fits",
]

WAY_OUT: Mapping[Reason, str] = MappingProxyType(
    {
        "speaker unknown": "name its speaker in the corpus's table, or in its path",
        "transcript missing": "write what is said into the corpus's table",
        "too short": "lower dataset.min_seconds",
        "too long": "cut it into sentences, or raise dataset.max_seconds",
        "recorded lower": "record it again, or set dataset.upsampling = 'allow'",
        "silent": "record it again, or louder",
        "text not in the tokenizer": "correct the transcript",
        "only clip of its speaker": "add a clip of the same speaker: a clip is never its own "
        "reference",
        "no reference fits": "cut it into sentences, or raise model.max_positions or "
        "dataset.max_reference_seconds",
    }
)
"""What would make a clip usable, by reason."""


def why_alone(clips: Candidates, place: int, among: str) -> tuple[Reason, str]:
    """Why a clip has no reference among others, and details; `among` names the others."""
    if not clips.num_others[place]:
        return "only clip of its speaker", f"in {among}"
    room = int(clips.room[place])
    if room < 0:
        return "no reference fits", f"{-room:,} positions too long by itself"
    if not clips.has_short_other(place):
        longer = "all other clips of its speaker are longer than dataset.max_reference_seconds"
        return "no reference fits", f"{longer} in {among}"
    return "no reference fits", f"{room:,} positions are left for one of {among}"
