"""Other fingerprints: Chromaprint, and sub-band energy differences (Haitsma and Kalker, 2002).

Two clips are near where, at the best of all shifts that overlap by half of the shorter one, the
share of differing bits is below the least of 4,000 pairs of different clips (`limits`).
"""

import ctypes
import ctypes.util
from collections.abc import Callable

import numpy as np
import soxr

from benchmarks.fingerprints.clips import RATE_HZ, Sound

PAIRS = 4_000


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """The least share of bits that differ, over all shifts; 1 where there are no codes."""
    if not len(one) or not len(other):
        return 1.0
    least = (min(len(one), len(other)) + 1) // 2
    shares = []
    for shift in range(least - len(other), len(one) - least + 1):
        first, second = one[max(0, shift) :], other[max(0, -shift) :]
        both = min(len(first), len(second))
        shares.append(float(np.bitwise_count(first[:both] ^ second[:both]).mean()) / 32)
    return min(shares)


def haitsma_kalker(samples: np.ndarray) -> np.ndarray:
    """33 bands from 300 to 2,000 Hz, frames of 0.37 s every 11.6 ms (their section 4)."""
    low = np.asarray(soxr.resample(samples, RATE_HZ, 5_512), np.float32)
    low = np.pad(low, 1024)
    frames = np.lib.stride_tricks.sliding_window_view(low, 2048)[::64]
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(2048).astype(np.float32), axis=1)))
    edges = np.round(np.geomspace(300, 2000, 34) * 2048 / 5_512).astype(int)
    energy = np.add.reduceat(power, edges, axis=1)[:, :33]
    over_bands = energy[:, :-1] - energy[:, 1:]
    bits = np.diff(over_bands, axis=0) > 0
    return np.packbits(bits, axis=1).view(">u4").ravel().astype(np.uint32)


def chromaprint(samples: np.ndarray) -> np.ndarray:
    """Chromaprint 1.5's raw fingerprint (algorithm 2, its default): none below about 2.6 s."""
    library = ctypes.CDLL(ctypes.util.find_library("chromaprint"))
    library.chromaprint_new.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.chromaprint_new(1))
    pcm = (samples.clip(-1, 1) * 32767).astype(np.int16)
    library.chromaprint_start(context, RATE_HZ, 1)
    library.chromaprint_feed(context, pcm.ctypes.data_as(ctypes.c_void_p), len(pcm))
    library.chromaprint_finish(context)
    codes, size = ctypes.POINTER(ctypes.c_uint32)(), ctypes.c_int()
    library.chromaprint_get_raw_fingerprint(context, ctypes.byref(codes), ctypes.byref(size))
    found = np.array([codes[place] for place in range(size.value)], np.uint32)
    library.chromaprint_free(context)
    return found


RIVALS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"haitsma_kalker": haitsma_kalker}
if ctypes.util.find_library("chromaprint"):
    RIVALS["chromaprint"] = chromaprint


def limits(sounds: list[Sound]) -> dict[str, float]:
    """The least distance of each rival among pairs of different clips, half of them repetitions."""
    random = np.random.default_rng(17)
    pairs = _pairs(sounds, random)
    least = {}
    for name, of in RIVALS.items():
        codes: dict[int, np.ndarray] = {}
        for number in {*pairs.ravel().tolist()}:
            codes[number] = of(sounds[number].samples)
        least[name] = min(distance(codes[one], codes[other]) for one, other in pairs.tolist())
    return least


def _pairs(sounds: list[Sound], random: np.random.Generator) -> np.ndarray:
    """Pairs [pairs, 2] of clips: takes of one text by one voice, and any."""
    takes: dict[str, list[int]] = {}
    for number, one in enumerate(sounds):
        takes.setdefault(one.repeats, []).append(number)
    several = [numbers for numbers in takes.values() if len(numbers) > 1]
    chosen = [random.choice(several[k % len(several)], 2, replace=False) for k in range(PAIRS // 2)]
    any_ = random.integers(0, len(sounds), (PAIRS - len(chosen), 2))
    return np.concatenate([np.array(chosen), any_[any_[:, 0] != any_[:, 1]]])
