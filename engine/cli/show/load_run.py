"""The recipe that a command trains, by the name of its run.

What `dvc repro` trains has the recipe's name. A run of other values, by -S or of another file of
the recipe, or with a seed of its own, is another run: it has a name of its own, and so replaces no
model, metrics or ref.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

from attrs import evolve, frozen

from engine.cli.show.load import Loaded, load_project_recipe
from engine.errors import UserError
from engine.files.checksum import digest_of
from engine.project import Project
from engine.recipe import RecipeError, load_recipe, to_plain
from engine.recipe.diff import diff_recipes
from engine.recipe.faults import shown
from engine.recipe.judgement import OWN, Samples
from engine.recipe.naming import recipe_name
from engine.recipe.schema import Recipe
from engine.system_support.discovery import recipe_classes
from engine.tracking.run_command import description, is_without_step, newest_folder
from engine.training.processes import num_processes, require_equal_parts

_NUM_DIGITS = 6
_NO_SAMPLES = Samples(num_clips=0)


@frozen(kw_only=True)
class Variant:
    """What makes a run another than that of its recipe's stage."""

    of: str
    """The recipe."""
    overrides: tuple[str, ...]
    """The values of -S, as they were given."""
    command: str
    """What trains the run, and goes on with it."""
    own_seed: int | None = None
    """The seed, where it is not that of params.toml."""
    part_of: str | None = None
    """The command that trains several runs, this one among them, and goes on with it."""


def load_run(
    name: str,
    overrides: Sequence[str] = (),
    called: str | None = None,
    seed: int | None = None,
    part_of: str | None = None,
) -> tuple[Loaded, Variant | None]:
    """Load a recipe as `load_project_recipe` does, under the name of the run that it makes.

    That is the recipe's own where its stage would train the same, and None stands beside it. Else
    it is `called`, or the recipe's with six digits over the values that differ, `seed` included.
    A run that is a part of another command's work has no samples. Raises UserError where another
    run or a recipe is called so.
    """
    loaded = load_project_recipe(name, overrides)
    if loaded.run is not None:
        return _gone_on_with(
            loaded, loaded.run, given=bool(overrides or called or seed is not None)
        )
    of, digits = loaded.recipe.name, _digits(loaded, seed)
    if called is None and digits is None:
        return loaded, None
    words = ["cantus", "train", name, *(word for one in overrides for word in ("-S", one))]
    words += [] if seed is None else ["--seed", str(seed)]
    words += ["--name", called] if called else []
    variant = Variant(
        of=of,
        overrides=tuple(overrides),
        command=shlex.join(words),
        own_seed=seed,
        part_of=part_of,
    )
    if called is not None:
        _require_free(called, variant, loaded.project)
    recipe = loaded.recipe if part_of is None else evolve(loaded.recipe, samples=_NO_SAMPLES)
    named = evolve(loaded, recipe=_renamed(recipe, called or f"{of}+{digits}"))
    return _with_seed(named, seed), variant


def _with_seed(loaded: Loaded, seed: int | None) -> Loaded:
    return loaded if seed is None else evolve(loaded, params=evolve(loaded.params, seed=seed))


def require_corpus(loaded: Loaded) -> None:
    """Raise UserError where the recipe's corpus is not ingested: asked before torch is loaded."""
    from engine.corpus.corpus import require_ingested

    require_ingested(loaded.project.corpus(loaded.recipe.dataset.corpus))


def require_trainable(loaded: Loaded) -> None:
    """Raise UserError for what is known of a run before torch is loaded: each would end it."""
    _require_shorter_warm_up(loaded)
    require_corpus(loaded)
    require_equal_parts(loaded.recipe.training, num_processes(loaded.params.hardware))


def _require_shorter_warm_up(loaded: Loaded) -> None:
    """Raise UserError where a warm-up outlasts the run; preflight asks where epochs are given."""
    recipe = loaded.recipe
    steps = recipe.training.steps
    if steps is None or recipe.start is not None:
        return
    for turn, schedule in recipe.schedule.items():
        if schedule.warmup_steps >= steps:
            raise UserError(
                f"{recipe.name}: the warm-up of {turn} takes {schedule.warmup_steps:,} steps and "
                f"outlasts the run of {steps:,}. Train longer, or set "
                f"schedule.{turn}.warmup_steps to 0, in {shown(loaded.path)} or where -S gave it"
            )


def _gone_on_with(loaded: Loaded, run: Path, *, given: bool) -> tuple[Loaded, Variant]:
    """A run that was named itself; `given`: whether values are given beside its name."""
    about, name = description(run), loaded.recipe.name
    command = str(about.get("command", ""))
    if given:
        raise UserError(
            f"{name} is a run with values of its own: {command}. Give all values to its recipe."
        )
    overrides, seed = tuple(map(str, about.get("overrides", ()))), about.get("own_seed")
    variant = Variant(
        of=str(about.get("of", name)), overrides=overrides, command=command, own_seed=seed
    )
    return _with_seed(loaded, seed), variant


def _digits(loaded: Loaded, seed: int | None) -> str | None:
    """Digits over the values that are not those of the recipe's stage; None where there are none.

    A recipe of no stage, whose name is free, is compared with its own file.
    """
    staged = loaded.project.recipe(loaded.recipe.name, loaded.params.profile)
    try:
        path = staged if staged.is_file() else loaded.path
        before = to_plain(load_recipe(path, classes=recipe_classes()))
    except RecipeError:
        before = {}
    changes = diff_recipes(before, to_plain(loaded.recipe))
    found = sorted((change.path, repr(change.right)) for change in changes)
    found += [] if seed is None else [("seed", repr(seed))]
    return digest_of(found)[:_NUM_DIGITS] if found else None


def _renamed(recipe: Recipe, name: str) -> Recipe:
    """The recipe under another name, which its verdict's table knows it by."""
    verdict = recipe.verdict
    if verdict is not None and verdict.keep is not None:
        keep = tuple(OWN if one == recipe.name else one for one in verdict.keep)
        verdict = evolve(verdict, keep=keep)
    return evolve(recipe, name=name, verdict=verdict)


def _require_free(called: str, variant: Variant, project: Project) -> None:
    wrong = recipe_name(called)
    if wrong is not None:
        raise UserError(f"--name {wrong}.")
    recipes = [project.recipe(called), *project.recipes.glob(f"*/{called}.toml")]
    if any(path.is_file() for path in recipes):
        raise UserError(f"--name {called}: a recipe is called so; give another name.")
    folder = newest_folder(project, called)
    there = variant.command if folder is None else description(folder).get("command")
    if folder is None or there == variant.command or is_without_step(project, called):
        return
    places = [project.runs(called), project.model(called)]
    found = [str(path.relative_to(project.root)) for path in places if path.is_dir()]
    raise UserError(
        f"--name {called}: another run is called so ({there}). Give another name, or delete "
        f"{' and '.join(found)}."
    )
