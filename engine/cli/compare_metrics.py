"""The figures of two recipes side by side, with their differences where they may be compared."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from engine.errors import UserError
from engine.evaluation.unit import Unit, why_apart
from engine.evaluation.unit_facts import SCALE, UNITS
from engine.files.untrusted import as_user_error
from engine.project import Project
from engine.recipe.diff import leaves
from engine.report.kept_seeds import kept_seeds_in_words
from engine.report.paired_runs import PairedMetric, PairedRuns
from engine.report.run_files import RunFiles
from engine.terminal.columns import aligned, cell
from engine.tracking.run_command import how_to_train
from engine.tracking.shown_metrics import (
    MOST,
    Measured,
    as_groups,
    parse_shown,
    select,
    short_name,
)

NO_DIFFERENCE = "No difference is given"
_SET, _STEP = "evaluation_set", "step"
_GROUPS = (f"{SCALE}.", f"{UNITS}.")


@frozen(kw_only=True)
class Figures:
    """A recipe's metrics file, and the words above its column."""

    recipe: str
    file: Path
    title: str
    run: RunFiles | None = None
    """The finished model, where the file is its own."""
    listened: Mapping[str, Any] = field(factory=dict)
    """Results of listening tests, by metric."""

    def all(self) -> dict[str, Any]:
        """Every metric by dotted path. Raises UserError where the file is damaged."""
        with self._readable():
            content = self.file.read_bytes()
            return leaves(as_groups(content, self.file))

    def shown(self) -> Measured:
        """The dozen that matters. Raises UserError where the file is damaged."""
        if self.run is not None:
            by_name = {name.replace(".", "/"): value for name, value in self.all().items()}
            return select({**by_name, **self.listened}, self.run.recipe, MOST)
        with self._readable():
            return parse_shown(self.file.read_bytes(), self.file)

    def value(self, name: str) -> float | None:
        """A figure by its short name, whether it is among the dozen or not."""
        if self.run is None:
            return self.shown().figures.get(name)
        said = self.listened.get(name.replace(".", "/"))
        return self.run.result(f"eval/{name}") if said is None else float(said)

    def unit(self, name: str) -> Unit | str | None:
        """How a figure is measured, by its short name, whether it is among the dozen or not."""
        if self.run is None or name.replace(".", "/") in self.listened:
            return self.shown().units.get(name)
        return self.run.unit(f"eval/{name}")

    def _readable(self) -> Any:
        again = f"Create it again: dvc repro -f {self.recipe}"
        return as_user_error(
            f"{self.file} is not a JSON file of metrics. {again}", OSError, UserError
        )


def missing(project: Project, sides: Iterable[Figures]) -> str | None:
    """Sentences on recipes that are not trained, or whose file of metrics is not there."""
    said = []
    for one in sides:
        if not one.file.is_file():
            name, file = one.recipe, one.file.relative_to(project.root)
            is_trained = (project.model(name) / "recipe.toml").is_file()
            if is_trained:
                said.append(f"There is no {file}. Create it again: dvc repro -f {name}")
                continue
            kept = kept_seeds_in_words(project, name)
            train = f"{name} is not trained: `{how_to_train(project, name)}` trains it"
            said.append(f"{train}. {kept}" if kept else train)
    return "\n".join(said) or None


def what_matters(left: Figures, right: Figures, paired: PairedRuns | None) -> Iterator[str]:
    """Lines: a row for each of the dozen figures, and their difference where they have one.

    It is the difference clip by clip where that was found, and says so by its interval.
    """
    ours, theirs = left.shown(), right.shown()
    clips = ours.evaluation_set is not None and ours.evaluation_set == theirs.evaluation_set
    found = {short_name(n): one for n, one in paired.compared.items()} if paired else {}
    rows = [("", left.title, right.title, "difference")]
    names = dict.fromkeys([*theirs.figures, *ours.figures])
    apart = _apart(names, left, right)
    for name in names:
        pair = left.value(name), right.value(name)
        alike = clips and name not in apart
        words = _in_words(found.get(name), pair, alike=alike)
        rows.append((name, cell(pair[0]), cell(pair[1]), words))
    if ours.step is not None or theirs.step is not None:
        rows.append(("step", cell(ours.step), cell(theirs.step), ""))
    yield from aligned(rows)
    if not clips:
        yield f"{NO_DIFFERENCE}: {left.title} and {right.title} were evaluated on different clips."
    shared = [name for name in apart if name in ours.figures and name in theirs.figures]
    for why in dict.fromkeys(apart[name] for name in shared if clips):
        named = ", ".join(name for name in shared if apart[name] == why)
        yield f"{NO_DIFFERENCE} for {named}: {why}."


@frozen
class Pair:
    """A metric of both files, dotted name first."""

    name: str
    left: Any
    right: Any
    why_apart: str | None
    """Why the two may not be subtracted: a phrase; None where they may."""


def pairs(left: Figures, right: Figures) -> Iterator[Pair]:
    """Every metric that either file holds, those of what was before included."""
    ours, theirs = left.all(), right.all()
    clips = ours.get(_SET) is not None and ours.get(_SET) == theirs.get(_SET)
    for name in dict.fromkeys([*ours, *theirs]):
        pair = ours.get(name), theirs.get(name)
        if pair != (None, None) and name != _SET and not name.startswith(_GROUPS):
            units = _unit(ours, name), _unit(theirs, name)
            alike = name == _STEP or (None not in units and units[0] == units[1])
            why = None if alike else "the two are not known to be in one unit"
            yield Pair(name, *pair, why if clips else "the two are not of the same clips")


def everything(left: Figures, right: Figures) -> Iterator[str]:
    """Lines: a row for each of these metrics."""
    rows = [("", left.title, right.title, "difference")]
    for one in pairs(left, right):
        words = "" if one.why_apart else _difference(one.left, one.right)
        rows.append((one.name, cell(one.left), cell(one.right), words))
    yield from aligned(rows)


def _in_words(found: PairedMetric | None, pair: tuple[Any, Any], *, alike: bool) -> str:
    if found is not None:
        return found.change()
    return _difference(*pair) if alike else ""


def _difference(ours: Any, theirs: Any) -> str:
    numbers = isinstance(ours, int | float) and isinstance(theirs, int | float)
    with as_user_error("A figure is too large to be compared: a metrics file is damaged."):
        return f"{theirs - ours:+.6g}" if numbers else ""


def _apart(names: Iterable[str], left: Figures, right: Figures) -> dict[str, str]:
    """The figures that may not be subtracted, each with the reason in words."""
    titles = left.title, right.title
    found = {name: why_apart(left.unit(name), right.unit(name), *titles) for name in names}
    return {name: why for name, why in found.items() if why}


def _unit(figures: Mapping[str, Any], name: str) -> Any:
    """The digest of the unit of a metric of any group; None where it is not known."""
    group, _, rest = name.partition(".")
    short = rest.partition(".")[2] if group == "baseline" else rest
    return figures.get(f"{SCALE}.{short}")
