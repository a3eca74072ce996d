"""`cantus.why/1`: how a run ended, and the verdict on its result."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from engine.cli.answers.answer import Answer
from engine.cli.answers.comparison import Comparison, of_event
from engine.recipe.metric_names import LISTENING_RESULTS
from engine.report.diagnosis.diagnosis import Diagnosis
from engine.report.ending import how_it_ended
from engine.report.history import History
from engine.report.objections import objections


@frozen(kw_only=True)
class GuardThatFired:
    """A guard that fired, at its last time."""

    metric: str
    """The metric that it watches."""
    step: int
    """The step."""
    value: float | None
    """The value of the metric."""
    condition: str
    """The condition on the value, in words."""
    action: str
    """Stop or warn."""
    because: str | None
    """The reason that the recipe gives."""
    times: int
    """How often it fired."""


@frozen(kw_only=True)
class CheckOfRun:
    """A check of preflight, with its latest finding."""

    name: str
    """The question of the check."""
    passed: bool | None
    """Null where the check could not decide."""
    detail: str
    """The finding."""


@frozen(kw_only=True)
class VerdictReached:
    """The verdict on a finished run."""

    metric: str
    """The metric of the verdict."""
    value: float | None
    """Value of the metric; null where it is not finite."""
    keep: str
    """The recipe or baseline to keep; `nothing` where none is good enough."""
    say: str
    """The verdict in words."""
    against: str | None
    """The result that it was compared with."""
    worse_than: tuple[str, ...]
    """Untrained baselines that are better."""
    level: str | None
    """What the value means by the recipe's table."""
    within: str | None
    """The cuts of the table between which the value lies."""
    proposed: str | None
    """What the table's row would keep, where that differs."""


@frozen(kw_only=True)
class ObjectionTo:
    """An objection to using the model."""

    says: str
    """The objection in a sentence."""
    refuses: bool
    """Whether the model is promoted only with a reason."""


@frozen(kw_only=True)
class LooksLike:
    """A part of a training setup that may be broken: recorded runs with faults in it look alike."""

    part: str
    """The part."""
    fault: str
    """The fault in it whose recorded runs are most alike."""
    probability: float
    """Probability of the part, given what is seen; all parts were equally probable before."""


@frozen(kw_only=True)
class DiagnosisOf:
    """What the figures look like, beside recorded runs with planted faults."""

    looks_healthy: bool
    """Whether they look most like those of runs without a fault."""
    likeliest: tuple[LooksLike, ...]
    """At most three, the likeliest first; empty where the run looks healthy, or like no run."""
    seen: Mapping[str, str]
    """Answers that the figures give, by question."""
    evidence: tuple[str, ...]
    """The questions that speak most for the likeliest fault."""
    num_alike: int
    """Recorded runs with that fault that give the same answers to these questions."""
    num_of_fault: int
    """Recorded runs with that fault."""
    num_others_alike: int
    """Other recorded runs that give the same answers."""
    num_others: int
    """Other recorded runs."""


@frozen(kw_only=True)
class WhyAnswer(Answer):
    """What `cantus why --json` prints."""

    SCHEMA = "cantus.why/1"

    run: str
    """The folder of the run."""
    recipe: str
    """Name of the recipe, or of the run where its values are its own."""
    ending: str
    """`finished`, `guard`, `preflight`, `interrupted`, `failed`, `killed`, or `training`: not ended
    yet."""
    step: int
    """The step at which it ended, or the last in its events."""
    seconds: float | None
    """Seconds of the process that finished the run."""
    sentences: str
    """All of it for people, as `cantus why` prints it."""
    go_on: str
    """The command that trains the run, and continues it."""
    checks: tuple[CheckOfRun, ...]
    """Checks of preflight and of later repetitions."""
    guards: tuple[GuardThatFired, ...]
    """Guards that fired."""
    warnings: tuple[str, ...]
    """Warnings of the run, each once."""
    final: Mapping[str, float | None]
    """Metrics of the result, or of the last evaluation."""
    best_step: int | None
    """The step of the weights that were kept."""
    evaluation_set: str | None
    """Digest of the evaluation clips."""
    gain: str | None
    """The comparisons that the verdict rests on, in sentences."""
    verdict: VerdictReached | None
    """Null where the run has not finished, or has none."""
    comparisons: tuple[Comparison, ...]
    """Comparisons of the result with the parent's weights, with untrained baselines, the strongest
    first, and by other metrics; of these weights, since a run has one seed."""
    objections: tuple[ObjectionTo, ...]
    """The gravest first."""
    listeners: bool
    """Whether the verdict is one of a listening test."""
    diagnosis: DiagnosisOf
    """What the figures look like."""


def why_answer(
    folder: Path, history: History, sentences: str, remark: str | None, diagnosis: Diagnosis
) -> WhyAnswer:
    """The answer for a run in a folder. Raises errors of damaged events as they come."""
    start, finish = history.facts("start"), history.facts("finish")
    name = str(start.get("recipe", folder.name))
    ended, verdict = history.ending, finish.get("verdict")
    return WhyAnswer(
        run=str(folder),
        recipe=name,
        ending=how_it_ended(folder, history),
        step=ended.step if ended else max((event.step for event in history.events), default=0),
        seconds=finish.get("seconds"),
        sentences=sentences,
        go_on=str(start["command"] if "of" in start else f"dvc repro {name}"),
        checks=tuple(
            CheckOfRun(name=one["name"], passed=one["ok"], detail=str(one.get("detail", "")))
            for one in history.checks
        ),
        guards=tuple(_guards(history)),
        warnings=tuple(
            dict.fromkeys(str(event.facts["message"]) for event in history.all("warning"))
        ),
        final=history.final,
        best_step=finish.get("best_step"),
        evaluation_set=history.facts("eval").get("evaluation_set"),
        gain=finish.get("gain"),
        verdict=_verdict(verdict) if verdict else None,
        comparisons=tuple(_comparisons(name, finish)),
        objections=tuple(
            ObjectionTo(says=one.says, refuses=one.refuses) for one in objections(history)
        ),
        listeners=(verdict or {}).get("metric") in LISTENING_RESULTS,
        diagnosis=_diagnosis(diagnosis),
        notes=(remark,) if remark else (),
    )


def _guards(history: History) -> Iterator[GuardThatFired]:
    fired = history.all("guard")
    for name in dict.fromkeys(event.facts["name"] for event in fired):
        times = [event for event in fired if event.facts["name"] == name]
        facts = times[-1].facts
        yield GuardThatFired(
            metric=facts["metric"],
            step=times[-1].step,
            value=facts["value"],
            condition=facts["condition"],
            action=facts["action"],
            because=facts.get("because"),
            times=len(times),
        )


def _diagnosis(found: Diagnosis) -> DiagnosisOf:
    return DiagnosisOf(
        looks_healthy=found.is_healthy,
        likeliest=tuple(LooksLike(**asdict(one)) for one in found.likeliest),
        seen=found.seen,
        evidence=tuple(found.evidence),
        num_alike=found.num_alike,
        num_of_fault=found.num_of_fault,
        num_others_alike=found.num_others_alike,
        num_others=found.num_others,
    )


def _verdict(facts: Mapping[str, Any]) -> VerdictReached:
    optional = {name: facts.get(name) for name in ("against", "level", "within", "proposed")}
    return VerdictReached(
        metric=facts["metric"],
        value=facts["value"],
        keep=facts["keep"],
        say=facts["say"],
        worse_than=tuple(facts.get("worse_than", ())),
        **optional,
    )


def _comparisons(name: str, finish: Mapping[str, Any]) -> Iterator[Comparison]:
    """Comparisons that the finish event holds."""
    metric = str((finish.get("verdict") or {}).get("metric", ""))
    parent = finish.get("parent")
    kept = [*finish.get("baselines", ()), *finish.get("others", ())]
    for facts in [*([parent] if parent else []), *kept]:
        yield of_event(name, facts, metric)
