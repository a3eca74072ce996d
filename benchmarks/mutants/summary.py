"""The score of a campaign: a table of operators and systems, shares with intervals, survivors."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from attrs import frozen
from scipy.stats import binomtest

from benchmarks.mutants.faults import CATALOGUE
from benchmarks.mutants.operator import Operator
from benchmarks.mutants.project import HEALTHY
from benchmarks.mutants.score import Finding, in_time, is_named
from benchmarks.mutants.setups import SETUPS

Outcome = Literal["before", "minute", "end", "survived"]
_LETTERS: Mapping[Outcome, str] = {"before": "B", "minute": "M", "end": "E", "survived": "-"}
_CONFIDENCE = 0.95


@frozen
class Scored:
    """One mutant, scored."""

    system: str
    operator: Operator
    seed: int
    outcome: Outcome
    right: bool
    """Whether a sentence names the right cause, before step 1 or within a minute of training."""
    right_at_the_end: bool
    fresh: Sequence[Finding]
    """Findings that no healthy run of the setup has."""

    @property
    def letter(self) -> str:
        """B, M, E or - ; in lower case where no sentence names the right cause."""
        letter = _LETTERS[self.outcome]
        return letter if self.right or self.right_at_the_end else letter.lower()


def scored(lines: Sequence[Mapping[str, Any]]) -> list[Scored]:
    """Every mutant that was applied, in the order of the lines."""
    healthy = _healthy_keys(lines)
    return [
        _score(line, healthy[line["system"]])
        for line in lines
        if line["operator"] in CATALOGUE and line["reached"]
    ]


def not_applied(lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """A sentence for each mutant whose broken code was never reached: it has no score."""
    return [
        f"{line['operator']} does not apply to {line['system']} (seed {line['seed']}): the run "
        f"ended before the broken code was reached: {_first(line)}"
        for line in lines
        if line["operator"] in CATALOGUE and not line["reached"]
    ]


def share(number: int, of: int) -> str:
    """A share with the exact interval of Clopper and Pearson (1934)."""
    if not of:
        return "no runs"
    found = binomtest(number, of).proportion_ci(_CONFIDENCE, method="exact")
    return f"{number} of {of} ({number / of:.0%}, {found.low:.0%} to {found.high:.0%})"


def table(found: Sequence[Scored]) -> str:
    """Operators and systems: a letter for each seed, or why the operator is not applied."""
    by_place = defaultdict(list)
    for one in found:
        by_place[one.operator.name, one.system].append(one)
    rows = ["| operator | " + " | ".join(SETUPS) + " |", "|---" * (len(SETUPS) + 1) + "|"]
    for name, operator in CATALOGUE.items():
        cells = []
        for system, setup in SETUPS.items():
            why_not = operator.why_not(system, setup.anatomy)
            seeds = sorted(by_place[name, system], key=lambda one: one.seed)
            letters = " ".join(one.letter for one in seeds)
            cells.append("n/a" if why_not else letters or "not run")
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def shares(found: Sequence[Scored]) -> dict[str, str]:
    """The shares of all mutants, in words."""
    total = len(found)

    def count(wanted: Callable[[Scored], bool]) -> int:
        return sum(map(wanted, found))

    early = count(lambda one: one.outcome in ("before", "minute"))
    return {
        "named before step 1": share(count(lambda one: one.outcome == "before"), total),
        "named before step 1 or within 60 s of training": share(early, total),
        "named by the end": share(count(lambda one: one.outcome != "survived"), total),
        "right cause within 60 s": share(count(lambda one: one.right), total),
        "right cause by the end": share(count(lambda one: one.right_at_the_end), total),
        "survived": share(count(lambda one: one.outcome == "survived"), total),
    }


def survivors(found: Sequence[Scored]) -> list[str]:
    """A line for each mutant that was not named in time: what its run said, if anything."""
    late = [one for one in found if one.outcome in ("end", "survived")]
    return [
        f"- {one.operator.name}, {one.system}, seed {one.seed}: {_said(one)} "
        f"({one.operator.mistake})"
        for one in late
    ]


def _said(one: Scored) -> str:
    if not one.fresh:
        return "nothing that a healthy run does not say"
    return "at the end alone: " + "; ".join(sorted({f.key for f in one.fresh}))


def _score(line: Mapping[str, Any], healthy: set[str]) -> Scored:
    operator = CATALOGUE[line["operator"]]
    fresh = [one for one in map(_finding, line["findings"]) if one.key not in healthy]
    timely = [one for one in fresh if in_time(one)]
    before = any(one.stage == "before" for one in fresh)
    outcome: Outcome = "survived" if not fresh else "end"
    if timely:
        outcome = "before" if before else "minute"
    return Scored(
        line["system"],
        operator,
        line["seed"],
        outcome,
        any(is_named(one, operator) for one in timely),
        any(is_named(one, operator) for one in fresh),
        fresh,
    )


def _healthy_keys(lines: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """By system: what its healthy runs say too, of whatever seed."""
    keys = defaultdict[str, set[str]](set)
    for line in lines:
        if line["operator"] == HEALTHY:
            keys[line["system"]] |= {_finding(one).key for one in line["findings"]}
    return keys


def _finding(facts: Mapping[str, Any]) -> Finding:
    return Finding(**facts)


def _first(line: Mapping[str, Any]) -> str:
    errors = [one for one in line["findings"] if one["kind"] in ("error", "check", "crash")]
    return errors[0]["detail"] if errors else f"exit code {line['code']}"
