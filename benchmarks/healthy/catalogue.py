"""The healthy runs of the campaign, as runs.toml lists them."""

import tomllib
from pathlib import Path
from typing import Any

from attrs import frozen

_FILE = Path(__file__).with_name("runs.toml")


@frozen(kw_only=True)
class HealthyRun:
    """A run that nothing is wrong with."""

    name: str
    recipe: str
    kind: str
    """The difference from its recipe: a seed, a size, a corpus, ..."""
    seed: int
    values: tuple[str, ...]
    """Values that differ from the recipe's, as -S takes them."""
    corpus: str
    needs: tuple[str, ...]
    """Runs whose models it reads."""
    stop_at: int | None
    """The logged step at which it is interrupted, to be resumed."""

    @property
    def words(self) -> list[str]:
        """The command line that trains it."""
        given = (word for value in self.values for word in ("-S", value))
        return ["train", self.recipe, *given, "--name", self.name]


def healthy_runs() -> list[HealthyRun]:
    """Every run: the first of each entry, then the second, so that a part of them has all kinds."""
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    found = [
        (place, _run(entry, seed, table["recipes"][entry["recipe"]]))
        for entry in table["runs"]
        for place, seed in enumerate(entry["seeds"])
    ]
    return [run for _, run in sorted(found, key=lambda one: one[0])]


def _run(entry: dict[str, Any], seed: int, of_recipe: dict[str, Any]) -> HealthyRun:
    """`{seed}` in a value stands for the run's own seed: a phase's parent has the same."""
    values = [*of_recipe.get("values", []), *entry.get("values", [])]
    parents = entry.get("needs", of_recipe.get("needs", []))
    corpus = entry.get("corpus", of_recipe["corpus"])
    if corpus != of_recipe["corpus"]:
        values.append(f"dataset.corpus={corpus!r}")
    return HealthyRun(
        name=f"{entry['name']}_{seed}",
        recipe=entry["recipe"],
        kind=entry["kind"],
        seed=seed,
        values=tuple(value.format(seed=seed) for value in values),
        corpus=corpus,
        needs=tuple(parent.format(seed=seed) for parent in parents),
        stop_at=entry.get("stop_at"),
    )
