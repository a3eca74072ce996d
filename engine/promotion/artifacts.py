"""Promoted models as DVC's model registry names them: the section `artifacts` of dvc.yaml."""

import re
from collections.abc import Mapping
from typing import Any

from engine.errors import UserError
from engine.project import Project
from engine.promotion.record import Promotion, in_use, promoted_names

_TOLD = ("recipe", "run", "checkpoint", "step", "metric", "value", "verdict", "because")


def artifact_name(name: str) -> str:
    """What the registry (DVC and GTO) calls a name: lower case, with hyphens alone."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def promoted_artifacts(project: Project) -> dict[str, Mapping[str, Any]]:
    """The entry of each promoted model. Raises UserError where two have one name, or damage."""
    found: dict[str, Mapping[str, Any]] = {}
    for name in promoted_names(project):
        promotion, artifact = in_use(project, name), artifact_name(name)
        if artifact in found:
            raise UserError(
                f"Two promoted models would be the artifact '{artifact}' of DVC's registry: "
                f"{name} is the second. Demote one, and promote it as something else (--as)."
            )
        if promotion is not None:
            found[artifact] = _entry(name, promotion)
    return found


def _entry(name: str, promotion: Promotion) -> dict[str, Any]:
    values = {key: getattr(promotion, key) for key in _TOLD}
    return {
        "path": f"promoted/{name}",
        "type": "model",
        "desc": f"{promotion.recipe}, {promotion.checkpoint} of run {promotion.run}",
        "meta": {key: value for key, value in values.items() if value not in (None, "")},
    }
