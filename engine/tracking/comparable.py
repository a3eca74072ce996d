"""Comparability of figures: those of one evaluation set, in one unit."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.errors import UserError
from engine.evaluation.unit import why_apart
from engine.project import Project
from engine.recipe.lineage import read_document
from engine.tracking.shown_metrics import read_shown

_SHOWN = 8


def short_digest(digest: object) -> str:
    """The digest of an evaluation set, or of a unit, as tables and sentences show it."""
    return digest[:_SHOWN] if isinstance(digest, str) and digest else "unknown"


def evaluation_sets(project: Project) -> dict[str, str | None]:
    """The digest that each recipe's metrics carry; None where they cannot be read or have none."""
    return {file.stem: _digest(file) for file in sorted((project.root / "metrics").glob("*.json"))}


def foreign_recipes(project: Project, evaluation_set: str | None) -> set[str]:
    """Recipes whose metrics may be of another evaluation set than the given one."""
    sets = evaluation_sets(project)
    return {name for name, digest in sets.items() if digest is None or digest != evaluation_set}


def incomparable_in_words(project: Project) -> str | None:
    """A sentence that groups the recipes of a system by evaluation set; None where none differ.

    Recipes of different systems are not compared.
    """
    systems: dict[str, dict[tuple[str, str], list[str]]] = {}
    for name, digest in evaluation_sets(project).items():
        group = short_digest(digest), digest or name  # an unknown set equals no other
        systems.setdefault(_system(project, name), {}).setdefault(group, []).append(name)
    systems.pop("", None)
    said = [_grouped(groups) for groups in systems.values() if len(groups) > 1]
    alike = [names for groups in systems.values() for names in groups.values()]
    apart = [line for names in alike for line in _units_apart(project, names)]
    if said:
        apart.insert(
            0,
            "Figures of different evaluation sets cannot be compared, and `dvc metrics diff` shows "
            f"no difference between them: {'. Nor between '.join(said)}.",
        )
    return " ".join(apart) or None


def _units_apart(project: Project, names: Sequence[str]) -> Iterator[str]:
    """Sentences on recipes of one evaluation set that measure a figure otherwise than the first."""
    first, *others = names
    for other in others:
        ours, theirs = (read_shown(project.metrics(name)) for name in (first, other))
        reasons: dict[str, list[str]] = {}
        for name in (name for name in ours.figures if name in theirs.figures):
            why = why_apart(ours.units.get(name), theirs.units.get(name), first, other)
            if why is not None:
                reasons.setdefault(why, []).append(name)
        yield from (
            f"{', '.join(figures)} of {first} and {other} cannot be compared: {why}."
            for why, figures in reasons.items()
        )


def _grouped(groups: Mapping[tuple[str, str], list[str]]) -> str:
    return "; ".join(f"{', '.join(names)} (set {shown})" for (shown, _), names in groups.items())


def _system(project: Project, name: str) -> str:
    """The system of a recipe; empty where the recipe cannot be found."""
    trained, resolved = project.model(name) / "recipe.toml", project.resolved_recipe(name)
    for file in (trained, resolved, project.recipe(name)):
        try:
            system = read_document(file).values.get("system")
        except UserError:
            continue
        return system if isinstance(system, str) else ""
    return ""


def _digest(file: Path) -> str | None:
    try:
        return read_shown(file).evaluation_set
    except UserError:
        return None
