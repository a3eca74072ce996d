"""What stands in a recipe's ref: its results, under names that are the same for all recipes.

The figures lie below a key with the digest of their evaluation set, and of their unit where that is
the recipe's own, so that DVC lines up what may be compared and shows no difference elsewhere.
"""

import json
from pathlib import Path
from typing import Any

from engine.project import Project
from engine.recipe.diff import leaves
from engine.tracking.comparable import SCALE, scale_of, short_digest

_CURVES = "plots/train.csv"


def ref_content(project: Project, name: str) -> dict[str, bytes]:
    """The files of a recipe's results by their paths in the ref; those that are missing not."""
    content = {path: file.read_bytes() for path, file in _results(project, name).items()}
    if "metrics.json" in content:
        content["metrics.json"] = _below_their_set(content["metrics.json"])
    content["dvc.yaml"] = _dvc_yaml(set(content)).encode()
    return content


def _results(project: Project, name: str) -> dict[str, Path]:
    """What a model was trained with lies beside it; the present files may have changed since."""
    resolved = (project.model(name) / "recipe.toml", project.resolved_recipe(name))
    trained_with = project.model(name) / "params.toml"
    files = {
        "metrics.json": project.metrics(name),
        "recipe.toml": next((file for file in resolved if file.is_file()), project.recipe(name)),
        "params.toml": trained_with if trained_with.is_file() else project.params,
        _CURVES: project.plots(name) / "train.csv",
    }
    return {path: file for path, file in files.items() if file.is_file()}


def _below_their_set(content: bytes) -> bytes:
    """Metrics with every figure below its set and unit; as they are where they name no set."""
    try:
        metrics = json.loads(content)
        figures = leaves(metrics) if isinstance(metrics, dict) else {}
    except (ValueError, RecursionError):
        return content
    evaluation_set = figures.pop("evaluation_set", None)
    if not isinstance(evaluation_set, str):
        return content
    tree: dict[str, Any] = {}
    for name, value in figures.items():
        if "." not in name:
            tree[name] = value
        elif not name.startswith(f"{SCALE}."):
            scale = scale_of(figures, name)
            unit = "" if scale is None else f", unit {short_digest(scale)}"
            key = f"evaluation set {short_digest(evaluation_set)}{unit}"
            tree.setdefault(key, {})[name] = value
    return json.dumps(tree, indent=2, sort_keys=True).encode()


def _dvc_yaml(names: set[str]) -> str:
    text = "metrics: [metrics.json]\n" if "metrics.json" in names else ""
    text += f"params: [{', '.join(sorted(name for name in names if name.endswith('.toml')))}]\n"
    return text + (f"plots:\n- {_CURVES}: {{x: step, y: loss}}\n" if _CURVES in names else "")
