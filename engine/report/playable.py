"""Exhibits prepared for playing: equally loud, each part with a picture of its sound."""

from pathlib import Path

from attrs import evolve

from engine.report.gallery import Exhibit, Part
from engine.report.sound import Sound, gains_down_db, read_sound
from engine.report.spectrogram import as_picture, mel_picture

_NO_SOUND = "Its file is missing or holds no audio."


def playable(exhibit: Exhibit, folder: Path) -> Exhibit:
    """An exhibit whose louder parts are turned down, with a spectrogram of each.

    A part whose file in `folder` is missing or damaged has a note instead of a player.
    """
    sounds = {
        place: sound
        for place, part in enumerate(exhibit.parts)
        if part.audio and (sound := read_sound(folder / part.audio)) is not None
    }
    gains = dict(zip(sounds, gains_down_db([*sounds.values()]), strict=True))
    drawn = spectrograms(list(sounds.values()), [gains[place] for place in sounds])
    pictures = dict(zip(sounds, drawn, strict=True))
    parts = [
        evolve(
            part,
            spectrogram=pictures[place],
            seconds=round(sounds[place].seconds, 3),
            volume=round(10 ** (gains[place] / 20), 4),
        )
        if place in sounds
        else _without_sound(part)
        for place, part in enumerate(exhibit.parts)
    ]
    return evolve(exhibit, parts=tuple(parts))


def spectrograms(sounds: list[Sound], gains_db: list[float]) -> list[str]:
    """Data URIs, one for each sound as it is played, on one axis of time and one scale."""
    span = max((sound.seconds for sound in sounds), default=0.0)
    found = [mel_picture(one, span, gain) for one, gain in zip(sounds, gains_db, strict=True)]
    loudest = max((float(picture.max()) for picture in found), default=0.0)
    return [as_picture(picture, loudest) for picture in found]


def _without_sound(part: Part) -> Part:
    if part.audio is None:
        return part
    return evolve(part, audio=None, notes=(*part.notes, _NO_SOUND))
