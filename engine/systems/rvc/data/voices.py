"""The speakers of a corpus whose voices are trained, and their clips."""

from collections.abc import Sequence

import numpy as np
from attrs import evolve, frozen

from engine.corpus.table.manifest import Clip
from engine.errors import RefusedValuesError
from engine.files.text import visible
from engine.recipe.faults import did_you_mean, listed
from engine.system_support.left_out import LeftOut
from engine.systems.rvc.data.left_out import Reason


@frozen(eq=False)
class Voices:
    """The trained speakers, and their clips."""

    names: tuple[str, ...]
    """Sorted: a speaker's number is its place. One without a name where no clip names any."""
    rows: Sequence[int]
    """Ascending rows of the manifest."""
    speakers: Sequence[int]
    """The number of each clip's speaker."""
    left_out: Sequence[LeftOut[Reason]]


def find_voices(clips: Sequence[Clip], chosen: Sequence[str], num_rows: int) -> Voices:
    """The voices of a corpus, or the chosen voices.

    Raises UserError where a chosen speaker has no clip, or the embedding has too few rows.
    """
    there = sorted({clip.speaker for clip in clips if clip.speaker})
    for name in chosen:
        if name not in there:
            raise RefusedValuesError(
                f"dataset.speakers: no clip of the corpus is by {visible(name)!r}"
                f"{did_you_mean(name, there)} ({_who(there)})"
            )
    names = sorted(set(chosen)) or there or [""]
    if len(names) > num_rows:
        raise RefusedValuesError(
            f"The corpus has {len(names)} speakers, more than the {num_rows} rows of "
            "model.speaker_rows. Name the speakers to train in dataset.speakers, or raise "
            "model.speaker_rows."
        )
    return _sorted(clips, names)


def without_lower(voices: Voices, clips: Sequence[Clip], lower: np.ndarray) -> Voices:
    """The voices without the clips that `lower` [clips] says were recorded at a lower rate."""
    kept = [place for place, row in enumerate(voices.rows) if not lower[row]]
    gone = [
        LeftOut[Reason](row, clips[row].id, "recorded lower", f"{clips[row].sample_rate_hz:,} Hz")
        for row in voices.rows
        if lower[row]
    ]
    return evolve(
        voices,
        rows=[voices.rows[place] for place in kept],
        speakers=[voices.speakers[place] for place in kept],
        left_out=[*voices.left_out, *gone],
    )


def _sorted(clips: Sequence[Clip], names: Sequence[str]) -> Voices:
    numbers = {name: number for number, name in enumerate(names)}
    rows, speakers, left_out = list[int](), list[int](), list[LeftOut[Reason]]()
    for row, clip in enumerate(clips):
        number = numbers.get(clip.speaker or "")
        if number is not None:
            rows.append(row)
            speakers.append(number)
        elif clip.speaker:
            left_out.append(LeftOut(row, clip.id, "other speaker", clip.speaker))
        else:
            left_out.append(LeftOut(row, clip.id, "speaker unknown", ""))
    return Voices(tuple(names), rows, speakers, left_out)


def _who(there: Sequence[str]) -> str:
    if not there:
        return "no clip of the corpus names a speaker: leave dataset.speakers out"
    return f"there are: {listed([visible(name) for name in there])}"
