"""A project's recipes as content of dvc.yaml: stages, parameters and plots, as plain values."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from posixpath import normpath
from typing import Any

from attrs import field, frozen

from engine.errors import UserError
from engine.recipe.faults import did_you_mean
from engine.recipe.params import CorpusSource, Params
from engine.recipe.schema import Plot, Recipe

RESOLVE, PREPARE, COMPARE, REFS = "resolve", "prepare", "compare", "refs"
SEEDS = "seeds_"
"""Beginning of the name of a stage that trains a recipe with several seeds."""
_NO_CACHE = {"cache": False}
_PARAMS = ("params.toml",)
"""Parameter files. Recipes are left out: each of their values would be a column of `dvc exp show`,
prose included. The refs that DVC compares hold the values of recipes and experiments."""


@frozen
class Pipeline:
    """The generated part of dvc.yaml."""

    stages: Mapping[str, Mapping[str, Any]]
    params: Sequence[str]
    plots: Mapping[str, Mapping[str, Any]]
    """Plots that compare the recipes of a system, by id."""
    left_out: Mapping[str, str]
    """Reasons why recipes have no stage here, and what to do, by the recipe's name."""
    not_packed: frozenset[str] = frozenset()
    """Recipes of `left_out` whose corpus is not packed at their sample rate."""
    artifacts: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    """Promoted models, as DVC's model registry names them."""


@frozen
class PipelineRecipe:
    """A recipe as this machine runs it, with further facts for its stages."""

    recipe: Recipe
    file: str
    """The recipe's file in recipes/, relative to the project."""
    prepares: bool
    """Whether its system precomputes features."""


def derive_pipeline(recipes: Sequence[PipelineRecipe], params: Params) -> Pipeline:
    """The stages of every recipe that can run with these params, and of what the recipes need.

    Raises UserError where a recipe has the name of another stage.
    """
    _require_own_names(recipes, params)
    left_out = _left_out(recipes, params)
    used = [one for one in recipes if one.recipe.name not in left_out]
    stages: dict[str, Mapping[str, Any]] = {RESOLVE: _resolve()}
    stages |= {name: _ingest(name, source.source) for name, source in params.corpora.items()}
    preparing = [one.recipe for one in used if one.prepares]
    if preparing:
        stages[PREPARE] = _prepare(preparing)
    stages |= {one.recipe.name: _train(one) for one in used}
    several = [one for one in used if one.recipe.name in params.seeds]
    stages |= {SEEDS + one.recipe.name: _seeds(one) for one in several}
    phases = [one.recipe for one in used if _parent(one.recipe) is not None]
    if phases:
        stages[COMPARE] = _compare(phases)
    stages[REFS] = _refs([one.recipe.name for one in used])
    plots = _comparing_plots([one.recipe for one in used])
    rates = {one.recipe.name for one in recipes if lacking_rates(one.recipe, params)}
    return Pipeline(stages, _PARAMS, plots, left_out, frozenset(rates))


def _require_own_names(recipes: Iterable[PipelineRecipe], params: Params) -> None:
    taken = dict.fromkeys((RESOLVE, PREPARE, COMPARE, REFS), "a stage")
    taken |= dict.fromkeys(params.corpora, "a corpus of params.toml")
    taken |= {SEEDS + name: "a stage that trains the seeds of a recipe" for name in params.seeds}
    _require_known(params.seeds, {one.recipe.name for one in recipes})
    for one in recipes:
        if one.recipe.name in taken:
            raise UserError(
                f"{one.file} has the name of {taken[one.recipe.name]}, and both would name a stage "
                "of DVC. Rename the recipe's file."
            )


def _require_known(names: Iterable[str], recipes: Collection[str]) -> None:
    """Raise UserError where params.toml asks for seeds of a recipe that does not exist."""
    for name in names:
        if name not in recipes:
            raise UserError(
                f"params.toml: seeds.{name}: recipes/{name}.toml does not exist"
                f"{did_you_mean(name, recipes)}. Correct the line in [seeds], or delete it."
            )


def _left_out(recipes: Iterable[PipelineRecipe], params: Params) -> dict[str, str]:
    """Reasons why recipes have no stage, by name: a sample rate or a model is missing."""
    named = {one.recipe.name: one.recipe for one in recipes}
    found: dict[str, str] = {}
    for recipe in _after_what_they_need(named):
        why = _lacking_rates_in_words(recipe, params) or _lacking_model(recipe, named, found)
        if why is not None:
            found[recipe.name] = why
    return found


def _lacking_rates_in_words(recipe: Recipe, params: Params) -> str | None:
    name, lacking = recipe.dataset.corpus, lacking_rates(recipe, params)
    if not lacking:
        return None
    return (
        f"corpus {name!r} is not packed at {', '.join(f'{rate:,} Hz' for rate in lacking)}: add "
        f"{', '.join(map(str, lacking))} to corpora.{name}.sample_rates_hz in params.toml"
    )


def _lacking_model(
    recipe: Recipe, named: Mapping[str, Recipe], left_out: Mapping[str, str]
) -> str | None:
    """Why a model that the recipe needs cannot be trained; None where all can be."""
    parent = _parent(recipe)
    if parent in left_out:
        return f"it continues {parent}, which has no stage either"
    for name in recipe.models_read:
        if name in left_out:
            return f"it reads the model of {name}, which has no stage either"
        if name not in named:
            return f"it reads the model of {name}, but recipes/{name}.toml does not exist"
    return None


def lacking_rates(recipe: Recipe, params: Params) -> list[int]:
    """The sample rates in Hz that a recipe needs and params.toml does not list for its corpus.

    Raises UserError where params.toml has no such corpus.
    """
    source: CorpusSource = params.corpus(recipe.dataset.corpus)
    return [rate for rate in recipe.reads_hz if rate not in source.sample_rates_hz]


def _after_what_they_need(named: Mapping[str, Recipe]) -> list[Recipe]:
    """Each recipe after those whose models it needs. Raises UserError where they form a circle."""
    needs = {name: _models_needed(recipe) & named.keys() for name, recipe in named.items()}
    try:
        return [named[name] for name in TopologicalSorter(needs).static_order()]
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise UserError(
            f"Recipes need each other's models in a circle: {circle}. Change start.from, or the "
            "model that is read, in one of them."
        ) from error


def _models_needed(recipe: Recipe) -> set[str]:
    parent = _parent(recipe)
    return {*recipe.models_read, *([] if parent is None else [parent])}


def _parent(recipe: Recipe) -> str | None:
    return None if recipe.start is None else recipe.start.from_


def _text(text: str) -> str:
    """A text with ${ escaped, so that DVC replaces nothing in it."""
    return text.replace("${", "\\${")


def _resolve() -> dict[str, Any]:
    kept = {"cache": False, "persist": True}
    return {
        "desc": "Recipes and corpora with inheritance, profile, defaults and code filled in",
        "cmd": "cantus resolve",
        "always_changed": True,
        "outs": [{"build/corpora": kept}, {"build/recipes": kept}],
    }


def _ingest(corpus: str, source: str) -> dict[str, Any]:
    folder = normpath("data/builtin" if source == "builtin" else source)
    return {
        "desc": f"Corpus {corpus}: checked, quarantined, packed",
        "cmd": f"cantus ingest {corpus}",
        "deps": [f"build/corpora/{corpus}.toml", folder if folder.startswith("data/") else "data"],
        "outs": [f"build/corpus/{corpus}"],
    }


def _prepare(recipes: Sequence[Recipe]) -> dict[str, Any]:
    models = _models_of_each(recipes)
    return {
        "foreach": {
            one.name: {"corpus": one.dataset.corpus, "evaluated_on": _evaluated_on(one)} | read
            for one, read in zip(recipes, models, strict=True)
        },
        "do": {
            "desc": "Precomputed features of ${key}, and tables of its clips",
            "cmd": "cantus prepare ${key}",
            "deps": [
                "build/corpus/${item.corpus}",
                "build/recipes/${key}.data.toml",
                "${item.evaluated_on}",
                *(f"${{item.{key}}}" for key in models[0]),
            ],
            "params": [{"params.toml": ["seed"]}],
            "outs": ["build/prepared/${key}"],
        },
    }


def _models_of_each(recipes: Sequence[Recipe]) -> list[dict[str, str]]:
    """The models that each recipe reads, by keys that all of them have, as DVC wants it.

    A recipe that reads fewer models lists its evaluation clips a second time instead.
    """
    most = max(len(one.models_read) for one in recipes)
    each = []
    for one in recipes:
        read = [_exported(name) for name in one.models_read]
        read += [_evaluated_on(one)] * (most - len(read))
        each.append({f"model_{number}": path for number, path in enumerate(read, start=1)})
    return each


def _exported(name: str) -> str:
    """The exported files of a recipe's model, which other recipes read."""
    return f"models/{name}/export"


def _evaluated_on(recipe: Recipe) -> str:
    """The file that decides which clips are held out: the parent's table, or pinned sets."""
    parent = recipe.evaluation_parent
    return "evaluation" if parent is None else f"models/{parent}/evaluation/clips.tsv"


def _train(one: PipelineRecipe) -> dict[str, Any]:
    recipe = one.recipe
    plots = [
        {f"plots/{recipe.name}/{file}.csv": _NO_CACHE | {"x": x, "y": y}}
        for file, (x, y) in _curves(recipe).items()
    ]
    return {
        "desc": _text(recipe.summary),
        "cmd": f"cantus train {recipe.name}",
        "deps": _trained_from(one),
        "params": [{"params.toml": ["seed"]}],
        "outs": [f"models/{recipe.name}"],
        "metrics": [{f"metrics/{recipe.name}.json": _NO_CACHE}],
        "plots": plots,
    }


def _trained_from(one: PipelineRecipe) -> list[str]:
    """The files that a recipe's training depends on."""
    recipe = one.recipe
    deps = [f"build/corpus/{recipe.dataset.corpus}", f"build/recipes/{recipe.name}.toml"]
    if one.prepares:
        deps.append(f"build/prepared/{recipe.name}")
    if recipe.start is not None and recipe.start.from_ is not None:
        deps.append(f"models/{recipe.start.from_}")
    return sorted([*deps, *(_exported(name) for name in recipe.models_read)])


def _seeds(one: PipelineRecipe) -> dict[str, Any]:
    """The stage that trains a recipe's seeds, and keeps those that are done where it is killed."""
    name = one.recipe.name
    return {
        "desc": f"How much {name} moves with the seed",
        "cmd": f"cantus seeds {name}",
        "deps": _trained_from(one),
        "params": [{"params.toml": ["seed", f"seeds.{name}"]}],
        "outs": [{f"seeds/{name}": {"persist": True}}],
        "metrics": [{f"metrics/seeds/{name}.json": _NO_CACHE}],
    }


def _curves(recipe: Recipe) -> dict[str, tuple[str, str]]:
    """The columns to plot of each of a run's tables of curves."""
    drawn = {"train": ("step", "loss"), "eval": ("step", recipe.training.best.partition("/")[2])}
    first: dict[str, Plot] = {}
    for plot in recipe.plots:
        first.setdefault(plot.table, plot)
    return drawn | {table: (plot.x, plot.y) for table, plot in first.items()}


def _compare(phases: Sequence[Recipe]) -> dict[str, Any]:
    page = "compare/${key}.html"
    return {
        "foreach": {phase.name: {"parent": _parent(phase)} for phase in phases},
        "do": {
            "desc": "${key} and the recipe that it continues, on one page",
            "cmd": f"cantus compare models/${{item.parent}} models/${{key}} --to {page}",
            "deps": ["models/${item.parent}", "models/${key}"],
            "outs": [{page: _NO_CACHE}],
        },
    }


def _refs(names: Sequence[str]) -> dict[str, Any]:
    return {
        "desc": "Git refs that `dvc metrics diff RECIPE RECIPE` compares",
        "cmd": "cantus refs",
        "always_changed": True,
        "deps": [f"metrics/{name}.json" for name in names],
    }


def _comparing_plots(recipes: Sequence[Recipe]) -> dict[str, Mapping[str, Any]]:
    """Plots that show the recipes of a system side by side."""
    plots: dict[str, Mapping[str, Any]] = {}
    for recipe in recipes:
        for plot in recipe.plots:
            if plot.title:
                drawn = plots.setdefault(
                    f"{recipe.system}_{plot.table}_{plot.y}",
                    {"title": _text(plot.title), "x": plot.x, "y": {}},
                )
                drawn["y"][f"plots/{recipe.name}/{plot.table}.csv"] = plot.y
    return plots
