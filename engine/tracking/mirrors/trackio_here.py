"""Trackio, kept to this machine.

Environment variables can make Trackio write to a Space, a bucket, a data set or another server, and
call a web hook. They are ignored here.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from engine.errors import UserError
from engine.tracking.mirrors.state import MirrorState
from engine.tracking.mirrors.tracked_run import TOTAL_STEPS

_SETTINGS = ("TRACKIO_", "GRADIO_", "SPACE_", "HF_", "HUGGING", "PERSISTANT_", "SYSTEM")
PROJECT = "cantus"
"""Trackio's name of the project; its folder belongs to one project alone."""


def keep_trackio_here(folder: Path) -> None:
    """Let Trackio write only to a folder, in this process. Call it before importing Trackio.

    Raises UserError where Trackio is not installed.
    """
    for name in [name for name in os.environ if name.startswith(_SETTINGS)]:
        del os.environ[name]
    os.environ |= {
        "TRACKIO_DIR": str(folder),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "HF_TOKEN_PATH": os.devnull,
        "HF_HOME": str(folder / "hub"),
        "GRADIO_ANALYTICS_ENABLED": "False",
    }
    try:
        import trackio  # noqa: F401
    except ModuleNotFoundError as error:
        raise UserError(
            "Trackio is not installed. Install it with: pip install 'cantus[trackio]', or remove "
            '"trackio" from tracking.mirrors in params.toml.'
        ) from error


def trackio_link(address: str, runs: Sequence[MirrorState]) -> str:
    """The link to runs beside each other, phases one after the other on the axis.

    `address` is that of Trackio's pages, without a slash at its end.
    """
    keys = ",".join(run.run_hash for run in runs)
    query = {"project": PROJECT, "run_ids": keys, "x_axis": TOTAL_STEPS, "smoothing": "0"}
    return f"{address}/?{urlencode(query)}"
