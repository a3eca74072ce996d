"""Whether clips with the same transcript sound alike: those of other clips do not.

Speakers of a corpus often read the same prompts. A clip is compared with all others by its cepstra
at a few places of what is said, from its first loud frame to its last, and is out of place where
clips of other texts are as near as those of its own text. Longer transcripts, which nobody else
has, are compared with their audio by their lengths: `transcripts.py`.
"""

from collections import Counter

import numpy as np
from scipy.spatial.distance import cdist

from engine.training.checks.check import Check
from engine.training.checks.speech_frames import speech_frames
from engine.training.system import Recorded, TrainingAudio

_CLIPS, _FEWEST_CLIPS, _FEWEST_OF_A_TEXT = 400, 24, 3
_PLACES, _COEFFICIENTS = 12, 12
_BY_CHANCE = 0.5
"""Share of the clips of other texts that are farther than its own: of a clip whose text is that of
another clip, half."""
_MOST = 0.13
"""Share of clips that are out of place in healthy corpora, at most: docs/truth/broken-runs.md."""
_NAME = "sound of transcripts"


def same_texts_check(audio: TrainingAudio) -> Check | None:
    """Compare training clips whose texts are there several times: a warning.

    None where a corpus hardly repeats a text.
    """
    clips, sounds = _of_frequent_texts(audio)
    texts = [_plain(clip.text) for clip in clips]
    if len(clips) < _FEWEST_CLIPS or len(set(texts)) < 2:
        return None
    farther = _share_farther(sounds, np.unique(texts, return_inverse=True)[1])
    wrong = np.flatnonzero(farther < _BY_CHANCE)
    said = f"{len(wrong)} of {len(clips)} clips sound no more like clips of their transcript than "
    said += "like others"
    if len(wrong) <= _MOST * len(clips):
        return Check(_NAME, True, said, "warn")
    first = ", ".join(f"{clips[row].id} ({clips[row].text})" for row in wrong[:3].tolist())
    why = "their transcripts seem to be those of other clips"
    return Check(_NAME, False, f"{said} (first: {first}): {why}", "warn")


def _of_frequent_texts(audio: TrainingAudio) -> tuple[list[Recorded], np.ndarray]:
    """Clips, and their sounds [clips, features], whose texts are there often enough."""
    some = [(place, clip) for place, clip in audio.some(_CLIPS) if _plain(clip.text)]
    counts = Counter(_plain(clip.text) for _, clip in some)
    often = [one for one in some if counts[_plain(one[1].text)] >= _FEWEST_OF_A_TEXT]
    found = [(clip, sound) for place, clip in often if (sound := _sound(audio, place)) is not None]
    counts = Counter(_plain(clip.text) for clip, _ in found)  # without silent clips
    kept = [one for one in found if counts[_plain(one[0].text)] >= _FEWEST_OF_A_TEXT]
    return [clip for clip, _ in kept], np.array([sound for _, sound in kept])


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _sound(audio: TrainingAudio, place: int) -> np.ndarray | None:
    """Cepstra at a few places of what is said, without the voice's own mean."""
    frames = speech_frames(audio.samples(place), audio.sample_rate_hz)
    if frames is None:
        return None
    loud = np.flatnonzero(frames.is_loud)
    spoken = frames.cepstra()[loud[0] : loud[-1] + 1, :_COEFFICIENTS]
    places = np.linspace(0, len(spoken) - 1, _PLACES)
    columns = (
        np.interp(places, np.arange(len(spoken)), one) for one in (spoken - spoken.mean(0)).T
    )
    return np.concatenate(list(columns))


def _share_farther(sounds: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """Share [clips] of the clips of other texts that are farther than the clips of its own text."""
    distances = cdist(sounds, sounds)
    same = texts[:, None] == texts[None]
    np.fill_diagonal(same, val=False)
    own = np.where(same, distances, 0.0).sum(1) / same.sum(1)
    np.fill_diagonal(same, val=True)
    farther = np.where(same, False, distances > own[:, None])
    found: np.ndarray = farther.sum(1) / (~same).sum(1)
    return found
