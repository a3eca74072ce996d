"""What the DVC stage of a toy runs: `python -m tests.pipeline.toy_stage`, in the project's root."""

import time
from pathlib import Path

from tests.training.train_toy import SlowConsole, train

HOLD = "hold"
"""While a file of this name is there, training stands still after its third step."""


class Held(SlowConsole):
    """Waits where a test wants it to."""

    def progress(self, progress):
        super().progress(progress)
        while progress.step >= 3 and Path(HOLD).exists():
            time.sleep(0.02)


if __name__ == "__main__":
    train(Path.cwd(), {"watcher": Held})
