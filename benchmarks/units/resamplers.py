"""How far a row of a table moves by the resampler alone (X-Codec-2, issue 18), on built-in speech.

Sentences of espeak-ng are brought to 24 kHz, coded at 6 kbit/s by an untrained transform coder, and
then both the recording and the decoding are brought to 16 kHz, at which PESQ and STOI are reported.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import soxr
import torch

from engine.corpus.audio.pcm import FULL_SCALE
from engine.corpus.builtin.espeak import SAMPLE_RATE_HZ, Espeak
from engine.corpus.builtin.prompts import read_sentences
from engine.evaluation.paired import paired_difference
from engine.metrics.judges.available import judge_named
from engine.metrics.judges.judge import JudgedAudio
from engine.metrics.signal import si_sdr_db
from engine.nn.spectral import MelDistance
from engine.systems.codec.coders.transform_coder import TransformCoder

FROM_HZ, TO_HZ = 24_000, 16_000
BITS_PER_SECOND = 6_000.0
VOICES = ("en-us", "en-us+m3", "en-us+f2")
PROMPTS = Path(__file__).parents[2] / "data" / "builtin"
Resample = Callable[[np.ndarray], np.ndarray]


def _by_torchaudio(samples: np.ndarray) -> np.ndarray:
    resample = importlib.import_module("torchaudio.functional").resample
    made: np.ndarray = resample(torch.from_numpy(samples), FROM_HZ, TO_HZ).numpy()
    return made


def _by_scipy(samples: np.ndarray) -> np.ndarray:
    made: np.ndarray = importlib.import_module("scipy.signal").resample_poly(samples, 2, 3)
    return made.astype(np.float32)


def _by_librosa(samples: np.ndarray) -> np.ndarray:
    resample = importlib.import_module("librosa").resample
    made: np.ndarray = resample(samples, orig_sr=FROM_HZ, target_sr=TO_HZ, res_type="polyphase")
    return made.astype(np.float32)


def _by_lines(samples: np.ndarray) -> np.ndarray:
    """Linear interpolation without a low-pass filter, as hurried scripts have it."""
    times = np.arange(len(samples) * TO_HZ // FROM_HZ) * (FROM_HZ / TO_HZ)
    made: np.ndarray = np.interp(times, np.arange(len(samples)), samples).astype(np.float32)
    return made


RESAMPLERS: Mapping[str, Resample] = {
    f"soxr {soxr.__version__}, HQ": lambda x: soxr.resample(x, FROM_HZ, TO_HZ),
    f"soxr {soxr.__version__}, LQ": lambda x: soxr.resample(x, FROM_HZ, TO_HZ, quality="LQ"),
    f"torchaudio {version('torchaudio')}, default": _by_torchaudio,
    f"scipy {version('scipy')}, resample_poly": _by_scipy,
    f"librosa {version('librosa')}, polyphase": _by_librosa,
    "linear interpolation": _by_lines,
}
"""The first is Cantus's."""


def replay(num_clips: int) -> dict[str, object]:
    """The row by each resampler, and how far it is from soxr's, clip by clip."""
    pairs = coded_clips(num_clips)
    rows = {name: _measure(pairs, made, made) for name, made in RESAMPLERS.items()}
    first = next(iter(RESAMPLERS.values()))
    mixed = {
        f"recordings by soxr, decoded by {name}": _measure(pairs, first, made)
        for name, made in [*RESAMPLERS.items()][1:]
    }
    own = next(iter(rows.values()))
    return {
        "clips": len(pairs),
        "row": {name: float(np.nanmean(values)) for name, values in own.items()},
        "moved": {name: _moved(row, own) for name, row in [*rows.items(), *mixed.items()][1:]},
    }


def coded_clips(num_clips: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Recordings and their decodings, float32 [samples] at 24 kHz."""
    espeak, spoken = Espeak(), []
    texts = [text for language, text in read_sentences(PROMPTS) if language == "en"]
    for number in range(num_clips + 8):
        said = espeak.say(texts[number % len(texts)], voice=VOICES[number % len(VOICES)])
        spoken.append(soxr.resample(said.astype(np.float32) / FULL_SCALE, SAMPLE_RATE_HZ, FROM_HZ))
    coder = TransformCoder.fit(spoken[num_clips:], FROM_HZ, BITS_PER_SECOND)
    return [(clip, coder(clip, FROM_HZ).audio) for clip in spoken[:num_clips]]


def _measure(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], of_recording: Resample, of_decoded: Resample
) -> dict[str, np.ndarray]:
    mel = MelDistance(TO_HZ)
    rows = []
    for recording, decoded in pairs:
        x, y = of_recording(recording), of_decoded(decoded)
        length = min(len(x), len(y))
        rows.append(_figures(x[:length], y[:length], mel))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@torch.no_grad()
def _figures(x: np.ndarray, y: np.ndarray, mel: MelDistance) -> dict[str, float]:
    audio = JudgedAudio(y, TO_HZ, original=x)
    tensors = (torch.from_numpy(one)[None, None] for one in (y, x))
    return {
        "si_sdr_db": si_sdr_db(x, y),
        "pesq": judge_named("pesq").score(audio)["pesq"],
        "stoi": judge_named("stoi").score(audio)["stoi"],
        "mel": float(mel(*tensors)),
    }


def _moved(row: Mapping[str, np.ndarray], own: Mapping[str, np.ndarray]) -> dict[str, str]:
    return {name: paired_difference(row[name], own[name]).in_brief for name in own}
