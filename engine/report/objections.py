"""What speaks against using a run's model, found in its events."""

from collections.abc import Iterator

from attrs import frozen

from engine.report.history import History
from engine.report.verdict import NOTHING
from engine.report.words import figure, listed_in_words


@frozen
class Objection:
    """One thing that speaks against a result."""

    says: str
    """A sentence."""
    refuses: bool = True
    """Whether the model is not promoted without a reason; else it is only said."""


def objections(history: History) -> list[Objection]:
    """Everything that speaks against a finished run, the gravest first; its verdict's advice too.

    A run that did not finish has no model, so that nothing is asked of it.
    """
    return [*_of_verdict(history), *besides_verdict(history)]


def besides_verdict(history: History) -> Iterator[Objection]:
    """What speaks against a run besides the words of its verdict."""
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
        yield Objection(f"Its verdict is {advice}: it is {verdict['say']}.")
    elif worse := verdict.get("worse_than"):
        learn = "learns" if len(worse) == 1 else "learn"
        yield Objection(f"It is worse than {listed_in_words(worse)}, which {learn} nothing.")


def _of_guards(history: History) -> Iterator[Objection]:
    spoken = history.all("guard")
    for name in dict.fromkeys(event.facts["name"] for event in spoken):
        times = [event for event in spoken if event.facts["name"] == name]
        facts, step = times[-1].facts, times[-1].step
        often = f" {len(times)} times, last" if len(times) > 1 else ""
        yield Objection(
            f"A guard spoke{often} at step {step:,}: {facts['metric']} was "
            f"{figure(facts['value'])}, but {facts['condition']}."
        )
