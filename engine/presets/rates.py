"""Checks that a corpus was recorded and packed at a recipe's rates, and which recipe fits it."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from engine.corpus import Corpus
from engine.corpus.table.manifest import Clip
from engine.errors import UserError
from engine.recipe import RecipeError, load_recipe
from engine.recipe.lineage import plain_recipe, profile_of
from engine.recipe.read import read_layer
from engine.recipe.schema import Recipe
from engine.system_support.discovery import recipe_classes


def require_recorded(path: Path, recipe: Recipe, name: str, clips: Iterable[Clip]) -> None:
    """Raise UserError where most clips were recorded below the rate of a recipe that refuses them.

    `name` is that of the corpus. The error names the recipes of the same system that fit.
    """
    if getattr(recipe.dataset, "upsampling", None) != "refuse":
        return
    recorded, rate = Counter(clip.sample_rate_hz for clip in clips), max(recipe.reads_hz)
    lower = sum(number for hz, number in recorded.items() if hz < rate)
    if lower <= recorded.total() / 2:
        return
    usual, _ = recorded.most_common(1)[0]
    fitting = fitting_recipes(path, recipe, usual)
    advice = (
        f"Take --from {' or '.join(fitting)}"
        if fitting
        else f"No recipe of the system {recipe.system} reads so low a rate; take other recordings"
    )
    raise UserError(
        f"{recipe.name} reads audio at {rate:,} Hz, and {lower:,} of the {recorded.total():,} "
        f"clips of corpus {name!r} were recorded below that, most of them at {usual:,} Hz: they "
        f"have nothing above their own band. {advice}."
    )


def fitting_recipes(path: Path, recipe: Recipe, recorded_hz: int) -> list[str]:
    """Recipes of the same system with the highest rate that is no higher than that of the audio.

    Recipes that extend one of these are left out.
    """
    plain = path if profile_of(path) is None else plain_recipe(path)
    rates: dict[str, int] = {}
    parents: dict[str, object] = {}
    for file in sorted(plain.parent.glob("*.toml")):
        try:
            other = load_recipe(file, classes=recipe_classes())
        except RecipeError:  # `cantus check` reports its faults
            continue
        if other.system == recipe.system and max(other.reads_hz) <= recorded_hz:
            rates[other.name] = max(other.reads_hz)
            parents[other.name] = read_layer(file).values.get("extends")
    best = [name for name, hz in rates.items() if hz == max(rates.values())]
    return [name for name in best if parents[name] not in [f"{one}.toml" for one in best]]


def require_packed(recipe: Recipe, corpus: Corpus) -> None:
    """Raise UserError where a corpus is not packed at the rates that a recipe reads."""
    lacking = [rate for rate in recipe.reads_hz if rate not in corpus.report.packed_hz]
    if not lacking:
        return
    name = corpus.folder.name
    packed = ", ".join(f"{rate:,}" for rate in corpus.report.packed_hz)
    raise UserError(
        f"{recipe.name} reads audio at {', '.join(f'{rate:,}' for rate in lacking)} Hz, and corpus "
        f"{name!r} is packed at {packed} Hz. Add {', '.join(map(str, lacking))} to corpora.{name}."
        f"sample_rates_hz in params.toml, run 'cantus ingest {name}', and try again."
    )
