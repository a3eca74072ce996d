"""Objections to using a run's model, found in its events."""

from collections.abc import Iterator

from attrs import frozen

from engine.report.history import History
from engine.report.verdict import NOTHING
from engine.report.words import figure, listed_in_words


@frozen
class Objection:
    """One objection to a result."""

    says: str
    """The objection in a sentence."""
    refuses: bool = True
    """Whether the model is promoted only with a reason; else the objection is a remark."""


def objections(history: History) -> list[Objection]:
    """All objections to a finished run, the gravest first, its own verdict included."""
    return [*_of_verdict(history), *besides_verdict(history)]


def besides_verdict(history: History) -> Iterator[Objection]:
    """Objections to a run besides its own verdict."""
    leak = history.facts("start").get("data", {}).get("learned_from")
    if leak:
        yield Objection(f"Its evaluation leaked: {leak}")
    yield from _of_guards(history)
    finish = history.facts("finish")
    missed = [item["name"] for item in finish.get("expectations", ()) if item["met"] is False]
    if missed:
        yield Objection(f"Expectations missed: {', '.join(missed)}.", refuses=False)
    parting = finish.get("parting") or {}
    if "message" in parting:
        yield Objection(parting["message"], refuses=False)


def _of_verdict(history: History) -> Iterator[Objection]:
    verdict, recipe = history.facts("finish").get("verdict"), history.facts("start").get("recipe")
    if not verdict:
        return
    if verdict["keep"] != recipe:
        kept = verdict["keep"]
        advice = "to use none" if kept == NOTHING else f"to keep {kept} instead"
        yield Objection(f"Its verdict is {advice}: the result is {verdict['say']}.")
    elif worse := verdict.get("worse_than"):
        verb = "is" if len(worse) == 1 else "are"
        listed = listed_in_words(worse)
        yield Objection(f"The result is worse than {listed}, which {verb} not trained.")


def _of_guards(history: History) -> Iterator[Objection]:
    spoken = history.all("guard")
    for name in dict.fromkeys(event.facts["name"] for event in spoken):
        times = [event for event in spoken if event.facts["name"] == name]
        facts, step = times[-1].facts, times[-1].step
        often = f" {len(times)} times, last" if len(times) > 1 else ""
        yield Objection(
            f"A guard fired{often} at step {step:,}: {facts['metric']} was "
            f"{figure(facts['value'])}, but {facts['condition']}."
        )
