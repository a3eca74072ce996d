"""Whether clips of one speaker sound like one voice: speakers that belong to other clips do not.

A voice is known by the mean and the spread of its mel-frequency cepstral coefficients. Clips are
assigned to the speaker whose mean is nearest in Mahalanobis distance (linear discriminant analysis,
Fisher, 1936). Wrong speakers blur all means, so that the means are taken once more, of the clips as
they were assigned, and each clip is asked again whether its own speaker's voice is that far.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from engine.training.checks.check import Check
from engine.training.checks.speech_frames import speech_frames
from engine.training.system import Recorded, TrainingAudio

_CLIPS, _FEWEST_CLIPS, _FEWEST_OF_A_SPEAKER = 256, 24, 4
_SHRINKAGE = 0.2
"""Part of the covariance that is taken as equal in all directions (Ledoit and Wolf, 2004)."""
_MUCH_NEARER = 2.0
"""Ratio of squared distances from which a clip is called another speaker's."""
_MOST, _BY_CHANCE = 0.12, 0.85
"""Share of such clips, and of clips that are nearer to another speaker at all relative to what it
is by chance; healthy corpora stay below: docs/truth/broken-runs.md, "Probes"."""
_NAME = "speakers of clips"
_WHY = "the speakers in the table seem to be those of other clips, or are no voices"


def voices_check(audio: TrainingAudio) -> Check:
    """Compare the voices of training clips whose speakers are known: a warning."""
    known = [(place, clip) for place, clip in audio.some(_CLIPS) if clip.speaker]
    voices = [(clip, voice) for place, clip in known if (voice := _voice(place, audio)) is not None]
    clips, features, speakers = _of_frequent_speakers(voices)
    if len(clips) < _FEWEST_CLIPS or len(np.unique(speakers)) < 2:
        said = f"not checked: fewer than {_FEWEST_CLIPS} clips are of two speakers or more with "
        return Check(_NAME, True, f"{said}{_FEWEST_OF_A_SPEAKER} clips each", "warn")
    nearest = _distances(features, speakers).argmin(1)
    if (nearer := _share_by_chance(nearest, speakers)) > _BY_CHANCE:
        said = "clips of one speaker sound no more alike than clips of different speakers "
        said += f"({nearer:.0%} of what is by chance): {_WHY}"
        return Check(_NAME, False, said, "warn")
    wrong = np.flatnonzero(_much_nearer_to_another(features, speakers, nearest))
    said = f"{len(wrong)} of {len(clips)} clips sound like another speaker of the corpus"
    if len(wrong) <= _MOST * len(clips):
        return Check(_NAME, True, said, "warn")
    first = ", ".join(f"{clips[row].id} ({clips[row].speaker})" for row in wrong[:3])
    return Check(_NAME, False, f"{said} (first: {first}): {_WHY}", "warn")


def _voice(place: int, audio: TrainingAudio) -> np.ndarray | None:
    """What a clip's voice is known by [features]; None for a silent clip."""
    frames = speech_frames(audio.samples(place), audio.sample_rate_hz)
    if frames is None:
        return None
    cepstra = frames.cepstra()[frames.is_loud]
    return np.concatenate([cepstra.mean(0), cepstra.std(0)])


def _of_frequent_speakers(
    voices: Sequence[tuple[Recorded, np.ndarray]],
) -> tuple[list[Recorded], np.ndarray, np.ndarray]:
    """Clips, features [clips, features] and numbers of the speakers with enough clips."""
    counts = Counter(clip.speaker for clip, _ in voices)
    kept = [one for one in voices if counts[one[0].speaker] >= _FEWEST_OF_A_SPEAKER]
    if not kept:
        return [], np.zeros((0, 0)), np.zeros(0, np.int64)
    _, speakers = np.unique([clip.speaker for clip, _ in kept], return_inverse=True)
    features = np.array([voice for _, voice in kept])
    scaled = (features - features.mean(0)) / (features.std(0) + 1e-9)
    return [clip for clip, _ in kept], scaled, speakers


def _share_by_chance(nearest: np.ndarray, speakers: np.ndarray) -> float:
    """Share of clips nearest to another speaker, relative to that of speakers drawn at random."""
    shares = np.bincount(speakers) / len(speakers)
    return float((nearest != speakers).mean() / (1 - np.square(shares).sum()))


def _much_nearer_to_another(
    features: np.ndarray, speakers: np.ndarray, nearest: np.ndarray
) -> np.ndarray:
    """Which clips [clips] have a voice that is much nearer to another speaker's.

    The voices are those of the clips as they were assigned, each to its nearest speaker.
    """
    distances = _distances(features, nearest, int(speakers.max()) + 1)
    own = distances[np.arange(len(speakers)), speakers]
    much: np.ndarray = own > _MUCH_NEARER * distances.min(1)
    return much


def _distances(features: np.ndarray, speakers: np.ndarray, number: int = 0) -> np.ndarray:
    """Squared Mahalanobis distances [clips, speakers] of clips from the means of the speakers.

    From its own speaker a clip has the distance that it would have if it were not in that mean.
    """
    counts = np.bincount(speakers, minlength=number)
    means = np.stack([_mean(features[speakers == one]) for one in range(len(counts))])
    apart = features - means[speakers]
    covariance = apart.T @ apart / max(len(features) - len(counts), 1)
    size = np.trace(covariance) / len(covariance)
    covariance = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * size * np.eye(len(covariance))
    whiten = np.linalg.cholesky(np.linalg.inv(covariance))
    found = np.square((features @ whiten)[:, None] - (means @ whiten)[None]).sum(2)
    rows = np.arange(len(speakers))
    found[rows, speakers] *= (counts[speakers] / np.maximum(counts[speakers] - 1, 1)) ** 2
    distances: np.ndarray = np.where(counts > 0, found, np.inf)
    return distances


def _mean(rows: np.ndarray) -> np.ndarray:
    return rows.mean(0) if len(rows) else np.zeros(rows.shape[1])
