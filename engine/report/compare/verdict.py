"""Advice on which of several runs to use, and why, for a reader new to the project."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from attrs import evolve, frozen

from engine.evaluation.paired import FEW_WORDS, Outcome
from engine.recipe.metric_names import described
from engine.report.compare.runs import ComparedRun, ComparedRuns
from engine.report.paired_words import scope, withheld
from engine.report.rivals import baselines_in_words, rivals, use_none
from engine.report.table import costless_outcomes
from engine.report.verdict import NOTHING
from engine.report.words import figure


@frozen
class Advice:
    """Advice on runs that can be compared with each other, or why none of them can."""

    say: str
    """The run to use, in one short sentence."""
    why: tuple[str, ...]
    """The comparisons that the advice rests on."""
    against: tuple[str, ...] = ()
    """Objections to the advice, and what to know before acting on it."""
    of: str = ""
    """The system, where the page has runs of several."""


@frozen
class _Group:
    """Runs that can be compared with each other by every metric that one of them is chosen by."""

    runs: Sequence[ComparedRun]
    compared: ComparedRuns

    @property
    def metrics(self) -> list[str]:
        return list(dict.fromkeys(run.best for run in self.runs))

    def outcomes(self, run: ComparedRun, other: ComparedRun) -> set[Outcome | None]:
        return {self.compared.outcome(metric, run, other) for metric in self.metrics}

    def outcome(self, run: ComparedRun, other: ComparedRun) -> Outcome:
        """The outcome for `run`: better where a metric says so and none says the opposite."""
        found = self.outcomes(run, other)
        if {"better", "worse"} <= found:
            return "undecided"
        return next((one for one in ("better", "worse") if one in found), "undecided")

    @property
    def speaks_of_recipes(self) -> bool:
        """Whether the intervals of all comparisons cover other seeds."""
        pairs = combinations(self.runs, 2)
        found = (self.compared.of(metric, *pair) for pair in pairs for metric in self.metrics)
        return all(one is not None and one.speaks_of != "weights" for one in found)

    def others(self, run: ComparedRun) -> list[ComparedRun]:
        return [other for other in self.runs if other is not run]


def advise(compared: ComparedRuns) -> list[Advice]:
    """Advice for each group of comparable runs, and why the rest cannot be compared.

    Where a phase is not better than its parent, the parent is preferred.
    """
    groups = _groups(compared)
    alone = [group.runs[0] for group in groups if len(group.runs) == 1]
    found = [_advise(group) for group in groups if len(group.runs) > 1]
    found += [_alone(alone, compared)] if alone else []
    several = len({run.files.recipe.system for run in compared.runs}) > 1
    return found if several else [evolve(one, of="") for one in found]


def _groups(compared: ComparedRuns) -> list[_Group]:
    groups: list[list[ComparedRun]] = []
    for run in compared.runs:
        fitting = (one for one in groups if all(_comparable(compared, run, o) for o in one))
        found = next(fitting, None)
        if found is None:
            groups.append([run])
        else:
            found.append(run)
    return [_Group(runs, compared) for runs in groups]


def _comparable(compared: ComparedRuns, run: ComparedRun, other: ComparedRun) -> bool:
    metrics = {run.best, other.best}
    return None not in {compared.outcome(metric, run, other) for metric in metrics}


def _advise(group: _Group) -> Advice:
    kept, system = _kept(group), group.runs[0].files.recipe.system
    why = tuple(_figures(kept, group))
    remarks = (*_few(group), *_scopes(group), *_remarks(kept))
    if len(kept) > 1:
        split = any({"better", "worse"} <= group.outcomes(*pair) for pair in combinations(kept, 2))
        words = "each is better by another metric" if split else _why_none(kept, group)
        say = f"No winner among {_listed([run.name for run in kept])}: {words}."
        why = (*why, "Choose by listening, or by what matters to you below.")
        return Advice(say, why, remarks, system)
    (use,) = kept
    instead = rivals(use.history, use.files.recipe)
    if instead:
        say = use_none(instead)
        why = (f"Of the runs {use.name} comes first.", *why)
        return Advice(say, why, remarks, system)
    against = (*_own_verdict(use), *_better_elsewhere(use, group), *_costless(use), *remarks)
    return Advice(_say(use, group), (*why, *_also_better(use, group)), against, system)


def _why_none(kept: Sequence[ComparedRun], group: _Group) -> str:
    """Why none of these is better, where no metrics contradict each other: a phrase."""
    pairs = combinations(kept, 2)
    found = (group.compared.of(metric, *pair) for pair in pairs for metric in group.metrics)
    if any(one is not None and one.is_withheld for one in found):
        return "guards stopped more seeds of the one whose other seeds are better"
    return "their differences may be noise"


def _say(use: ComparedRun, group: _Group) -> str:
    others = group.others(use)
    beaten = [other.name for other in others if group.outcome(use, other) == "better"]
    of_recipes = group.speaks_of_recipes
    better = "it is better than" if of_recipes else "its weights are better than those of"
    if len(beaten) == len(others):
        return f"Use {use.name}: {better} {_listed(beaten)}."
    equal = _listed([other.name for other in others if other.name not in beaten])
    equal = f"{equal} is" if of_recipes else f"the weights of {equal} are"
    beats = f", and {better} {_listed(beaten)}" if beaten else ""
    return f"Keep {use.name}: {equal} not shown to be better{beats}."


def _kept(group: _Group) -> Sequence[ComparedRun]:
    """The runs that no other beats, without phases that do not beat a parent among them."""
    outcomes = {
        run.name: {group.outcome(run, other) for other in group.others(run)} for run in group.runs
    }
    first = [run for run in group.runs if outcomes[run.name] == {"better"}]
    unbeaten = [run for run in group.runs if "worse" not in outcomes[run.name]]
    kept = first or unbeaten or group.runs
    names = {run.name for run in kept}
    return [run for run in kept if run.parent not in names] or kept


def _figures(kept: Sequence[ComparedRun], group: _Group) -> Iterator[str]:
    """The figures and the differences that the choice rests on, metric by metric."""
    for metric in group.metrics:
        run = kept[0]
        shown = [_held_against(metric, run, other, group) for other in group.others(run)]
        value = figure(run.value(metric))
        yield f"By {_what(metric, group)} {run.name} has {value}, {_listed(shown)}."


def _what(metric: str, group: _Group) -> str:
    recipe = next(run.files.recipe for run in group.runs if run.best == metric)
    return f"{metric} ({described(metric, recipe)})"


def _held_against(metric: str, run: ComparedRun, other: ComparedRun, group: _Group) -> str:
    found = group.compared.of(metric, run, other)
    assert found is not None, "runs of a group are compared"
    said = found.change()
    value = figure(other.value(metric))
    minus = f"{run.name} minus {other.name}"
    return f"{other.name} {value}: a mean difference over the clips ({minus}) of {said}"


def _few(group: _Group) -> Iterator[str]:
    """A remark where an interval rests on few clips."""
    first, other = group.runs[:2]
    found = group.compared.of(group.metrics[0], first, other)
    if found is not None and found.difference.few:
        yield f"There are {found.difference.num_clips} evaluation clips: {FEW_WORDS}."


def _scopes(group: _Group) -> Iterator[str]:
    """What the comparisons hold for, where that is not the recipes; and remarks on their seeds."""
    runs, said = [run.files for run in group.runs], dict[str, None]()
    for pair in combinations(group.runs, 2):
        names = pair[0].name, pair[1].name
        for metric in group.metrics:
            if (found := group.compared.of(metric, *pair)) is not None:
                said |= dict.fromkeys((withheld(found, names), scope(found, runs)))
    yield from filter(None, said)
    yield from (f"{remark}." for run in runs for remark in run.remarks)


def _by_outcome(outcome: Outcome, use: ComparedRun, other: ComparedRun, group: _Group) -> list[str]:
    """Metrics, besides the deciding ones, by which a run has this outcome against another."""
    names = [name for name in use.files.recipe.metrics if name not in group.metrics]
    found = [name for name in names if group.compared.outcome(name, use, other) == outcome]
    return [name.removeprefix("eval/") for name in found]


def _also_better(use: ComparedRun, group: _Group) -> Iterator[str]:
    for other in group.others(use):
        better = _by_outcome("better", use, other, group)
        if better:
            yield f"It is also better than {other.name} in {_listed(better)}."


def _better_elsewhere(use: ComparedRun, group: _Group) -> Iterator[str]:
    """Other metrics by which the chosen run is worse than another."""
    for other in group.others(use):
        worse = _by_outcome("worse", use, other, group)
        if worse:
            yield f"{other.name} is better in {_listed(worse)}."


def _own_verdict(use: ComparedRun) -> Iterator[str]:
    """A sentence where the run's own verdict keeps another, so that it cannot be promoted."""
    reached = use.history.facts("finish").get("verdict") or {}
    if reached.get("keep", NOTHING) not in (NOTHING, use.files.recipe.name):
        yield (
            f"When {use.name} was trained, its verdict was to keep {reached['keep']} instead: "
            f"it is {reached['say']}."
        )


def _costless(use: ComparedRun) -> Iterator[str]:
    """Untrained baselines that are as good or better."""
    found = costless_outcomes(use.history, use.files.recipe)
    for outcome, words in (("worse", "worse than"), ("undecided", "not shown to be better than")):
        names = [name for name, one in found.items() if one == outcome]
        if names:
            yield f"By {use.best} {use.name} is {words} {baselines_in_words(names)[0].rstrip(',')}."


def _remarks(runs: Sequence[ComparedRun]) -> Iterator[str]:
    """Sentences on guards that fired, missed expectations, and leaks of the evaluation."""
    for run in runs:
        guards = run.history.all("guard")
        if guards:
            names = dict.fromkeys(str(event.facts.get("metric")) for event in guards)
            yield f"A guard of {run.name} fired: {', '.join(names)}."
        expected = run.history.facts("finish").get("expectations", ())
        missed = [str(item["name"]) for item in expected if item["met"] is False]
        if missed:
            yield f"{run.name} missed its recipe's expectations of {_listed(missed)}."
    leaks = {str(leak): run for run in runs if (leak := _data(run).get("leaks"))}
    yield from leaks


def _data(run: ComparedRun) -> dict[str, object]:
    data = run.history.facts("start").get("data", {})
    return data if isinstance(data, dict) else {}


def _alone(alone: Sequence[ComparedRun], compared: ComparedRuns) -> Advice:
    """Runs that cannot be compared with any other, and why."""
    others = "the others" if len(alone) < len(compared.runs) else "each other"
    systems: dict[str, list[str]] = {}
    for run in compared.runs:
        systems.setdefault(run.files.recipe.system, []).append(run.name)
    why = []
    if len(systems) > 1:
        listed = "; ".join(f"{system}: {_listed(names)}" for system, names in systems.items())
        why.append(f"Figures of different systems cannot be compared ({listed}).")
    for run, other in combinations(compared.runs, 2):
        same_system = run.files.recipe.system == other.files.recipe.system
        if same_system and (run in alone or other in alone):
            why.append(f"{run.name} and {other.name}: {_why_not(compared, run, other)}.")
    say = f"{_listed([one.name for one in alone])} cannot be compared with {others}."
    return Advice(say, tuple(why))


def _why_not(compared: ComparedRuns, run: ComparedRun, other: ComparedRun) -> str:
    for metric in dict.fromkeys((run.best, other.best)):
        why = compared.why_not(metric, run, other)
        if why:
            return f"{why} ({metric})"
    return f"{run.best} has no better direction"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
