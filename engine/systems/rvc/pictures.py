"""Pictures of pitch: the pitch that was asked for, and the generated one."""

from pathlib import Path

import numpy as np

from engine.systems.rvc.dataset_table import FRAMES_A_SECOND

_TICKS_HZ = (50, 100, 200, 400, 800)


def draw_pitch(asked: np.ndarray, made: np.ndarray, path: Path) -> None:
    """Write a PNG of two pitches [frames] in Hz over each other; unvoiced frames are gaps."""
    from matplotlib.figure import Figure  # imported late: it is slow and seldom needed

    figure = Figure(figsize=(6.4, 2.4), layout="constrained", dpi=100)
    axes = figure.subplots()
    seconds = np.arange(len(asked)) / FRAMES_A_SECOND
    for f0, label, width in ((asked, "asked", 3.5), (made, "made", 1.2)):
        axes.plot(seconds, np.where(f0 > 0, f0, np.nan), label=label, linewidth=width)
    axes.set_yscale("log")
    axes.set_yticks(_TICKS_HZ, [str(hz) for hz in _TICKS_HZ])
    axes.minorticks_off()
    axes.set_ylim(_limits(np.concatenate([asked, made])))
    axes.set_xlabel("seconds")
    axes.set_ylabel("Hz")
    axes.legend(loc="upper right", fontsize="small")
    figure.savefig(path, metadata={"Software": None})


def _limits(f0: np.ndarray) -> tuple[float, float]:
    """The range that is shown: what is voiced, and a little around."""
    voiced = f0[f0 > 0]
    if not len(voiced):
        return _TICKS_HZ[0], _TICKS_HZ[-1]
    return float(voiced.min() / 1.2), float(voiced.max() * 1.2)
