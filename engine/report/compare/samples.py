"""Rows of samples for the page: equally loud embedded sounds with pictures."""

from collections.abc import Iterable, Sequence

import numpy as np
from attrs import frozen

from engine.report.chart import Drawing
from engine.report.compare.pitch import pitch_chart
from engine.report.compare.versions import Version, VersionRow
from engine.report.embedded import AudioFormat, embedded_audio, embedded_picture
from engine.report.gallery import Exhibit, Part
from engine.report.sound import Sound, gains_to_level_db, read_sound
from engine.report.spectrogram import RANGE_DB, as_difference, as_picture, mel_picture

_ALIKE_SECONDS = 0.06
"""Seconds by which two sounds may differ in length for a difference picture."""
_SMALL_DB = 0.05
_NO_AUDIO = "Its file holds no audio."


@frozen
class Difference:
    """The spectrogram of a version minus another's."""

    title: str
    picture: str
    decibels: float
    """The mean of the differences' absolute values."""


@frozen
class SampleRow:
    """A clip: its versions, and how they differ."""

    exhibit: Exhibit
    pitch: Drawing | None
    differences: tuple[Difference, ...]
    note: str
    """Why some difference picture or the pitch is missing."""


@frozen(eq=False)
class _Played:
    """A version with its sound and the gain with which it is played."""

    version: Version
    sound: Sound
    gain_db: float


def sample_rows(rows: Iterable[VersionRow], kind: AudioFormat) -> list[SampleRow]:
    """Embed rows of samples, with audio of one format."""
    return [_row(row, kind) for row in rows]


def _row(row: VersionRow, kind: AudioFormat) -> SampleRow:
    audible = [version for version in row.versions if version.kind == "audio"]
    sounds = {id(v): s for v in audible if (s := read_sound(v.file)) is not None}
    gains = gains_to_level_db([*sounds.values()])
    played = [v for v in audible if id(v) in sounds]
    shown = [_Played(v, sounds[id(v)], gain) for v, gain in zip(played, gains, strict=True)]
    span = max((one.sound.seconds for one in shown), default=0.0)
    mels = [mel_picture(one.sound, span, one.gain_db) for one in shown]
    loudest = max((float(mel.max()) for mel in mels), default=0.0)
    parts = [
        _player(one, as_picture(mel, loudest), kind) for one, mel in zip(shown, mels, strict=True)
    ]
    parts += [Part(v.title, notes=(_NO_AUDIO,)) for v in audible if id(v) not in sounds]
    parts += [_picture(version) for version in row.versions if version.kind == "image"]
    main = _main_versions(shown)
    differences, why = _differences([(shown[place], mels[place]) for place in main], loudest)
    pitch, why_no_pitch = pitch_chart([(h.version, h.sound) for h in (shown[p] for p in main)])
    lacking = f"Not made by {', '.join(row.lacking)}." if row.lacking else ""
    note = " ".join(filter(None, [*row.captions, lacking]))
    exhibit = Exhibit(row.title, tuple(parts), note)
    return SampleRow(exhibit, pitch, differences, " ".join(filter(None, [why, why_no_pitch])))


def _player(one: _Played, picture: str, kind: AudioFormat) -> Part:
    gain = f"{abs(one.gain_db):.1f} dB {'louder' if one.gain_db > 0 else 'softer'} than its file"
    played = (gain,) if abs(one.gain_db) >= _SMALL_DB else ()
    return Part(
        one.version.title,
        audio=embedded_audio(one.sound, one.gain_db, kind),
        spectrogram=picture,
        seconds=round(one.sound.seconds, 3),
        notes=(*one.version.notes, *played),
        colour=0 if one.version.run is None else one.version.run.number,
    )


def _picture(version: Version) -> Part:
    image = embedded_picture(version.file)
    notes = version.notes if image else (*version.notes, "Its file holds no picture.")
    return Part(version.title, image=image, notes=notes)


def _main_versions(shown: Sequence[_Played]) -> list[int]:
    """Versions to compare in pictures: the first that all runs share, and the first of each."""
    found: dict[int, int] = {}
    for place, one in enumerate(shown):
        found.setdefault(0 if one.version.run is None else one.version.run.number, place)
    return list(found.values())


def _differences(
    main: Sequence[tuple[_Played, np.ndarray]], loudest: float
) -> tuple[tuple[Difference, ...], str]:
    """Each version minus the first, where lengths agree; and a sentence on the others."""
    found, apart = [], []
    for one, mel in main[1:]:
        first, reference = main[0]
        title = f"{one.version.title} minus {first.version.title}"
        if abs(one.sound.seconds - first.sound.seconds) > _ALIKE_SECONDS:
            apart.append(title)
            continue
        found.append(
            Difference(
                title, as_difference(mel, reference, loudest), _distance(mel, reference, loudest)
            )
        )
    why = f"No picture of {', '.join(apart)}: they differ in length." if apart else ""
    return tuple(found), why


def _distance(mel: np.ndarray, other: np.ndarray, loudest: float) -> float:
    columns = min(mel.shape[1], other.shape[1])
    floor = loudest - RANGE_DB
    ours, theirs = (np.maximum(one[:, :columns], floor) for one in (mel, other))
    return float(np.abs(ours - theirs).mean())
