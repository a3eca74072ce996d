"""Which recipes' figures may be compared: those that carry the digest of one evaluation set."""

import json
from collections.abc import Mapping
from pathlib import Path

from engine.project import Project

_SHOWN = 8


def short_digest(digest: object) -> str:
    """The digest of an evaluation set as tables and sentences show it."""
    return digest[:_SHOWN] if isinstance(digest, str) and digest else "unknown"


def evaluation_sets(project: Project) -> dict[str, str]:
    """The digest that each recipe's metrics carry; what cannot be read is left out."""
    found = {file.stem: _digest(file) for file in sorted((project.root / "metrics").glob("*.json"))}
    return {name: digest for name, digest in found.items() if digest is not None}


def foreign_recipes(project: Project, evaluation_set: str) -> set[str]:
    """Recipes whose metrics are of another evaluation set than the one given."""
    sets = evaluation_sets(project)
    return {name for name, digest in sets.items() if digest != evaluation_set}


def tell_incomparable(sets: Mapping[str, str]) -> str | None:
    """A sentence that groups recipes by evaluation set; None where all were measured on one."""
    groups: dict[str, list[str]] = {}
    for name, digest in sets.items():
        groups.setdefault(digest, []).append(name)
    if len(groups) < 2:
        return None
    said = "; ".join(f"{', '.join(names)} (set {short_digest(d)})" for d, names in groups.items())
    return (
        "Figures of different evaluation sets cannot be compared, and `dvc metrics diff` shows no "
        f"difference between them: {said}."
    )


def _digest(file: Path) -> str | None:
    try:
        metrics = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    digest = metrics.get("evaluation_set") if isinstance(metrics, dict) else None
    return digest if isinstance(digest, str) else None
