"""How often the interval over seeds and clips covers the truth: python -m benchmarks.two_level.

Two recipes of the same mean, whose figures are clip + seed + rest: clips differ between the recipes
by 0.1, what is left of seed and clip is 0.05, and seeds differ by `ratio` times 0.1. Three seeds of
audio_vae_plus that lie 0.05, 0.31 and 0.36 dB apart, with intervals over 350 clips of 0.01 to 0.03
dB, are at a ratio of about 1.
"""

import numpy as np

from engine.evaluation.paired import paired_difference
from engine.evaluation.two_level import two_level

NUM_SIMULATIONS = 2_000
CLIP_SPREAD, REST = 0.1, 0.05


def covered(num_seeds: int, num_clips: int, ratio: float) -> tuple[float, float, float]:
    """Shares of intervals that cover 0, over both levels and over clips alone, and a half width."""
    random = np.random.default_rng(num_seeds * 1000 + num_clips)
    both = clips_alone = 0
    halves = []
    for _ in range(NUM_SIMULATIONS):
        new, old = (_recipe(random, num_seeds, num_clips, ratio) for _ in range(2))
        found, of_weights = two_level(new, old), paired_difference(new[0], old[0])
        both += found.low <= 0 <= found.high
        clips_alone += of_weights.low <= 0 <= of_weights.high
        halves.append(found.high - found.mean)
    return both / NUM_SIMULATIONS, clips_alone / NUM_SIMULATIONS, float(np.median(halves))


def _recipe(
    random: np.random.Generator, num_seeds: int, num_clips: int, ratio: float
) -> np.ndarray:
    """Figures [seeds, clips]; what both recipes' clips share falls out and is left out here."""
    clips = CLIP_SPREAD / np.sqrt(2) * random.standard_normal(num_clips)
    seeds = ratio * CLIP_SPREAD * random.standard_normal((num_seeds, 1))
    rest = REST * random.standard_normal((num_seeds, num_clips))
    return np.asarray(clips + seeds + rest)


if __name__ == "__main__":
    print(
        "| seeds | clips | ratio | covered | clips alone | half width |\n|---|---|---|---|---|---|"
    )
    for num_seeds in (2, 3, 5):
        for num_clips in (6, 30, 350):
            for ratio in (0.0, 0.1, 1.0):
                both, alone, half = covered(num_seeds, num_clips, ratio)
                where = f"| {num_seeds} | {num_clips} | {ratio:g} "
                print(f"{where}| {both:.1%} | {alone:.1%} | {half:.3f} |", flush=True)
