"""A campaign of a few operators on a tiny setup: a program, since its pieces are forked from it."""

import sys
from pathlib import Path

import numpy as np
import soundfile
from attrs import evolve

from benchmarks.mutants.campaign import Campaign
from benchmarks.mutants.faults import CATALOGUE
from benchmarks.mutants.piece import Piece
from benchmarks.mutants.preload import preload
from benchmarks.mutants.project import Projects
from benchmarks.mutants.setups.audio_vae import SETUP
from benchmarks.mutants.setups.setup import short_training

OPERATORS = ("no_backward", "misspelt_loss", "torn_files")
_RATE = 16_000


def write_audio(folder: Path) -> None:
    """Gliding tones of a second, four of each of ten voices."""
    random = np.random.default_rng(1)
    times = np.arange(_RATE) / _RATE
    (folder / "tone").mkdir()
    for number in range(40):
        pitch = random.uniform(100, 300) * (1 + random.uniform(-0.3, 0.3) * times)
        tone = 0.2 * np.sin(2 * np.pi * np.cumsum(pitch) / _RATE) + random.normal(0, 0.01, _RATE)
        path = folder / "tone" / f"voice{number // 4}_nohash_{number % 4}.wav"
        soundfile.write(path, tone, _RATE, subtype="PCM_16")


def main(folder: Path) -> None:
    """Run the slice once, and once more, which must run nothing."""
    recipe = SETUP.recipe.partition("[guard]")[0] + short_training(4)
    recipe = recipe.replace("steps = 60", "steps = 4").replace("step:30", "step:4")
    setup = evolve(SETUP, write_audio=write_audio, recipe=recipe)
    preload([setup.system])
    operators = [None, *(CATALOGUE[name] for name in OPERATORS)]
    pieces = [Piece(setup, operator, 0) for operator in operators]
    campaign = Campaign(Projects(folder), folder / "results.jsonl", folder / "kept")
    counts = [campaign.run(pieces, most) for most in (3, 9, 9)]
    sys.stdout.write(f"pieces: {counts}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
