"""Links into Aim's pages that open with a comparison already made."""

import base64
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from engine.tracking.mirrors.marks import marked
from engine.tracking.mirrors.state import MirrorState
from engine.tracking.mirrors.tracked_run import TOTAL_STEPS

_UNESCAPED = ";,/?:@&=+$-_.!~*'()#"
"""Characters besides letters and digits that JavaScript's encodeURI keeps."""
_SUBSETS = ["train", "eval"]
"""Two kinds of lines, which can be distinguished: Aim's fifth dashes look like its fourth."""


def curves_link(address: str, runs: Sequence[MirrorState]) -> str:
    """The link to charts of the loss of runs and of the metric that picks their best weights.

    Phases follow each other on the axis. A run has a colour, training and evaluation a kind of
    line. `address` is that of Aim's pages, without a slash at its end.
    """
    names = sorted({"loss", *(run.metric for run in runs)})
    begun = " or ".join(f"metric.name.startswith({marked(name, '')[:-1]!r})" for name in names)
    wanted = f"(metric.name in {names} or {begun}) and metric.context.subset in {_SUBSETS}"
    select = {"advancedMode": True, "advancedQuery": f"{_of(runs)} and {wanted}"}
    grouping = _grouping(color=["run.props.name"], stroke=["context.subset"], chart=["name"])
    axis = {"alignmentConfig": {"metric": TOTAL_STEPS, "type": "custom"}}
    words = {"select": select, "grouping": grouping, "chart": axis}
    return f"{address}/metrics?" + "&".join(f"{key}={_encode(v)}" for key, v in words.items())


def audio_link(address: str, runs: Sequence[MirrorState]) -> str:
    """The link to the sounds of runs: a sample in each row, a run in each column."""
    form = {"simpleInput": "", "advancedInput": _of(runs), "selections": [], "advancedModeOn": True}
    query = {"form": form, "ranges": {"isApplyButtonDisabled": True, "isValid": True}}
    grouping = {
        "columns": {"fields": ["run.name"], "orders": ["asc"]},
        "rows": {"fields": ["audios.name"], "orders": ["asc"]},
    }
    return f"{address}/audios?query={_encode(query)}&groupings={_encode(grouping)}"


def _of(runs: Sequence[MirrorState]) -> str:
    return f"run.hash in {[run.run_hash for run in runs]}"


def _grouping(**fields: list[str]) -> dict[str, Any]:
    return {
        **fields,
        "reverseMode": dict.fromkeys(fields, False),
        "isApplied": dict.fromkeys(fields, True),
        "persistence": {"color": False, "stroke": False},
        "seed": {"color": 10, "stroke": 10},
        "paletteIndex": 0,
    }


def _encode(state: dict[str, Any]) -> str:
    """The encoding of Aim's own addresses (utils/encoder/encoder.ts, aim64encode)."""
    text = quote(json.dumps(state, separators=(",", ":")), safe=_UNESCAPED)
    return "O-" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
