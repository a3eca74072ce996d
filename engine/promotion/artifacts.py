"""Promoted models as DVC's model registry names them: the section `artifacts` of dvc.yaml."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.errors import UserError
from engine.project import Project
from engine.promotion.record import Promotion, in_use, promoted_names

_FACTS = ("recipe", "run", "checkpoint", "step", "metric", "value", "verdict", "because")


def artifact_name(name: str) -> str:
    """A name in the registry's form (DVC and GTO): lower case, with hyphens only."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def promoted_artifacts(project: Project) -> dict[str, Mapping[str, Any]]:
    """The entry of each promoted model. Raises UserError for shared names and damaged files."""
    found = {name: in_use(project, name) for name in promoted_names(project)}
    used = {name: promotion for name, promotion in found.items() if promotion is not None}
    for name in used:
        require_own_artifact(name, used)
    return {artifact_name(name): _entry(name, promotion) for name, promotion in used.items()}


def require_own_artifact(name: str, used: Iterable[str]) -> None:
    """Raise UserError where another name in use is the same artifact in the registry."""
    artifact = artifact_name(name)
    for other in used:
        if other != name and artifact_name(other) == artifact:
            raise UserError(
                f"{name} and {other} would both be the artifact '{artifact}' of DVC's registry. "
                "Promote one under another name (--as), and demote the other."
            )


def _entry(name: str, promotion: Promotion) -> dict[str, Any]:
    values = {key: getattr(promotion, key) for key in _FACTS}
    return {
        "path": f"promoted/{name}",
        "type": "model",
        "desc": f"{promotion.recipe}, {promotion.checkpoint} of run {promotion.run}",
        "meta": {key: value for key, value in values.items() if value not in (None, "")},
    }
