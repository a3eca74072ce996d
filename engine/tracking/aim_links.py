"""Links into Aim's pages that open with a comparison already made."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.errors import UserError
from engine.tracking.aim_repository import AimRepository
from engine.tracking.aim_state import MirrorState, read_states

_UNESCAPED = ";,/?:@&=+$-_.!~*'()#"
"""What JavaScript's encodeURI leaves as it is, besides letters and digits."""


def comparison_link(address: str, repo: AimRepository, project: Path) -> str:
    """The link to the curves of the newest runs of the two recipes of a project that ran last.

    They stand in one chart. `address` is that of Aim's pages, without a slash at its end. One
    recipe alone is shown alone. Raises UserError where Aim holds no run yet.
    """
    ours = [run for run in read_states(repo) if run.project in ("", str(project))]
    runs = _newest_of_each(ours)[:2]
    if not runs:
        raise UserError("Aim holds no run yet. Train something first: dvc repro")
    hashes = [run.run_hash for run in runs]
    names = sorted({"loss", *(run.metric for run in runs)})
    query = f"run.hash in {hashes} and metric.name in {names}"
    select = {"advancedMode": True, "advancedQuery": query}
    grouping = _grouping(color=["run.props.name"], stroke=["context.subset"], chart=["name"])
    return f"{address}/metrics?select={_encode(select)}&grouping={_encode(grouping)}"


def _newest_of_each(states: Sequence[MirrorState]) -> list[MirrorState]:
    newest: dict[str, MirrorState] = {}
    for state in states:
        newest.setdefault(state.recipe, state)
    return list(newest.values())


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
    """What Aim's own pages put into their address (utils/encoder/encoder.ts, aim64encode)."""
    text = quote(json.dumps(state, separators=(",", ":")), safe=_UNESCAPED)
    return "O-" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
