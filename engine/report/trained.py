"""What a run trained, from its values and its events, independent of the recipe's summary."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.recipe.diff import leaves
from engine.recipe.plain import to_plain
from engine.recipe.schema import Recipe
from engine.report.history import History
from engine.report.words import figure


def what_was_trained(history: History, recipe: Recipe) -> list[str]:
    """Sentences: losses with their weights and kinds, the network's size, the data, the steps."""
    start = history.facts("start")
    return [*_losses(history, recipe), *_size_and_data(start), *_steps(history, recipe)]


def run_of(start: Mapping[str, Any]) -> str | None:
    """The recipe and the changed values of a run with -S; None for other runs."""
    if "of" not in start:
        return None
    changed = " ".join(f"-S {one}" for one in start.get("overrides", ()))
    return f"A run of {start['of']} with other values: {changed or start.get('command', '')}"


def _losses(history: History, recipe: Recipe) -> Iterator[str]:
    weights = to_plain(recipe.losses)
    used = {term: w for term, w in weights.items() if isinstance(w, int | float) and w}
    kinds = leaves(to_plain(recipe))
    said = [
        f"{_words(kinds[path])} {label}".rstrip()
        for path, label in recipe.loss_settings.items()
        if path in kinds
    ]
    said += [f"with a {_words(name)}" for name, table in weights.items() if isinstance(table, dict)]
    kind = f" ({', '.join(said)})" if said else ""
    terms = ", ".join(f"{term.replace('_', ' ')} {weight:g}" for term, weight in used.items())
    yield f"Losses by weight: {terms or 'none'}{kind}."
    idle = [term for term in used if not _was_logged(history, term)]
    if idle and history.all("train"):
        yield f"Not yet begun at step {history.all('train')[-1].step:,}: {', '.join(idle)}."


def _was_logged(history: History, term: str) -> bool:
    """Whether any step had this term: it is logged as train/term, or as train/turn/term."""
    return any(
        name.startswith("train/") and name.rpartition("/")[2] == term
        for event in history.all("train")
        for name in event.metrics
    )


def _size_and_data(start: Mapping[str, Any]) -> Iterator[str]:
    if "parameters" in start:
        yield f"{figure(start['parameters'])} trainable parameters."
    data = start.get("data", {})
    if "training" in data and "evaluation" in data:
        clips = f"{figure(data['training'])} clips, {figure(data['evaluation'])} held out"
        yield f"Trained on {clips} for evaluation."


def _steps(history: History, recipe: Recipe) -> Iterator[str]:
    done = [event for event in history.events if event.kind in ("train", "finish", "stop")]
    if not done:
        return
    last, training = done[-1], recipe.training
    asked = f"{training.steps:,} steps" if training.steps else f"{training.epochs:,} epochs"
    epochs = f"{round(last.epoch, 2):g} epochs"
    yield (f"{last.step:,} steps of {training.batch_size} clips ({epochs}) done, of {asked}.")


def _words(value: Any) -> str:
    return str(value).replace("_", " ")
