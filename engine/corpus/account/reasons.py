"""The reasons of quarantine in words: what each means, what to do, which limit decides."""

from collections.abc import Mapping

from attrs import frozen

from engine.corpus.audio.unusable import Reason
from engine.corpus.measure.limits import SILENT_DBFS


@frozen
class Meaning:
    """What a reason says about a file."""

    what: str
    """A sentence."""
    to_do: str
    """A sentence."""
    limit: str | None = None
    """The key of a corpus in params.toml that decides; None where nothing there does."""


MEANINGS: Mapping[Reason, Meaning] = {
    "unreadable": Meaning(
        "No decoder reads the file, or it is not there, may not be opened or lies elsewhere.",
        "Download or convert the file again, or remove it.",
    ),
    "truncated": Meaning(
        "The audio ends, or breaks, before the place where its own header says it does.",
        "Copy the whole file again: what is left is not the complete recording.",
    ),
    "empty": Meaning(
        "It is an audio file without a single sample.",
        "Remove it, or copy the whole file again.",
    ),
    "not finite": Meaning(
        "Some of its samples are NaN or infinite.",
        "Correct the program that wrote it: one such sample would end a training run.",
    ),
    "too short": Meaning(
        "It is shorter than the corpus asks for.",
        "Take it out, or lower the limit if such clips are meant to be there.",
        "min_seconds",
    ),
    "too long": Meaning(
        "It is longer than the corpus allows.",
        "Cut it, set segment = 'silence' to have that done where it is quietest, or raise the "
        "limit.",
        "max_seconds",
    ),
    "silent": Meaning(
        f"Its loudest sample lies below {SILENT_DBFS:.0f} dBFS, so it is inaudible.",
        "Remove it; if the recording is that quiet, raise its level first.",
    ),
    "clipped": Meaning(
        "Too many of its samples lie at or beyond full scale: it was recorded too loudly.",
        "Record it again or take it out, for what was cut off cannot be had back; or raise the "
        "limit.",
        "at_most_clipped",
    ),
    "transcript missing": Meaning(
        "The corpus asks for transcripts, and this clip has none with a letter or digit in it.",
        "Add its text to the corpus's table, or set transcripts = 'any' if none is needed.",
        "transcripts",
    ),
    "alphabet unknown": Meaning(
        "Its transcript holds characters that the alphabet lacks, or that no text should hold.",
        "Correct the transcript (a wrong encoding is the usual cause), or extend the alphabet.",
        "alphabet",
    ),
    "duplicate of": Meaning(
        "The same samples at the same rate, or the same part of a file, are in the corpus already.",
        "Remove one of them; if their texts differ, keep the right one.",
    ),
    "sample rate too low": Meaning(
        "It was sampled at a lower rate than the corpus asks for.",
        "Find the original, as converting it upwards adds nothing; or lower the limit.",
        "min_sample_rate_hz",
    ),
    "header disagrees": Meaning(
        "The file's header or the corpus's table contradicts the audio.",
        "Write the file again with a correct program, or correct the table.",
    ),
    "channels cancel": Meaning(
        "Its channels have opposite phase, so that the mean of them is nearly silent.",
        "Turn one channel over; or take one of them, by channels = 'split' or a column of the "
        "table that names it.",
        "channels",
    ),
}
