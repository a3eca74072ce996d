"""The code that counts: the modules that train a recipe's model and measure its metrics.

These are the modules that the recipe's system is built from, and those of a training step. Code is
left out whose effect is known by other means, or changes no result:

- `recipe`: its values are part of the identity;
- `corpus`: the digest of the data covers it, except for the reading of packed samples;
- `features`, `files`, `parallel`, `fetch`: they store, find and distribute computed data;
- `errors`, `project`, `tracking`, `report`, `listening`, and the parts of the loop named below:
  they report, locate files, or end a run;
- modules that the system's recipe class names as `shown_by`: samples, pictures, exports.
"""

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec

from engine.files.source_code import digest_of_code, import_closure
from engine.recipe.schema import Recipe

_STEP = (
    "engine.corpus.audio.pcm",
    "engine.corpus.store.packed",
    "engine.runs.initial_weights",
    "engine.runs.publish",
    "engine.training.loop",
)
"""Modules of every run: reading of samples, initial weights, the loop (its steps, schedules,
optimizers, order, averages and choice of the best), and the metrics."""

_APART = (
    "engine.corpus",
    "engine.errors",
    "engine.features",
    "engine.fetch",
    "engine.files",
    "engine.listening",
    "engine.parallel",
    "engine.project",
    "engine.recipe",
    "engine.report",
    "engine.runs",
    "engine.system_support.audio_samples",
    "engine.tracking",
    "engine.training.checkpoint",
    "engine.training.checks",
    "engine.training.guards",
    "engine.training.probes",
    "engine.training.processes",
    "engine.training.safe_load",
    "engine.training.stop",
    "engine.training.store",
    "engine.training.watcher",
)

LIBRARIES = ("torch",)
"""Packages whose version counts."""


def training_code(recipe: Recipe) -> dict[str, str]:
    """The modules that train a recipe and measure its results, each with the SHA-256 of its code.

    torch is among them with its version: another release may compute other results. Other
    libraries do not count.
    """
    system = type(recipe)
    return _training_code(system) | {  # type: ignore[arg-type]  # a class is hashable
        name: version(name) for name in LIBRARIES
    }


def preparing_code(recipe: Recipe) -> dict[str, str]:
    """The modules that precompute a recipe's features, with digests; empty without features.

    Another release of torch computes the same features.
    """
    found = _closure(type(recipe), "prepare")
    return {name: one for name, one in found.items() if not name.startswith("engine.training.")}


def preparing_digest(recipe: Recipe) -> str:
    """One SHA-256 for `preparing_code`: part of the key of each precomputed file."""
    return digest_of_code(preparing_code(recipe))


@cache
def _training_code(system: type[Recipe]) -> dict[str, str]:
    return _closure(system, "system", system.__module__, *_STEP)


def _closure(system: type[Recipe], module: str, *others: str) -> dict[str, str]:
    """The closure of a module beside a recipe class, where it has one, and of others."""
    package = system.__module__.rpartition(".")[0]
    beside = f"{package}.{module}"
    there = bool(package) and find_spec(beside) is not None
    apart = [*_APART, *(f"{package}.{name}" for name in system.shown_by)]
    return import_closure([*([beside] if there else []), *others], apart)
