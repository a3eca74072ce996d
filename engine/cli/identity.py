"""`cantus identity`: what the identity of a run covers."""

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from engine.cli.answers.identity import IdentityAnswer, LastRun
from engine.cli.show.load import Loaded
from engine.cli.show.load_run import Variant, load_run, require_corpus
from engine.cli.show.recipe_options import json_option, overrides_option, recipe_argument
from engine.terminal.columns import aligned
from engine.terminal.say import say

if TYPE_CHECKING:
    from engine.runs.identity import Identity

_SHOWN = 12


@click.command()
@recipe_argument
@overrides_option
@json_option
def command(recipe: str, overrides: tuple[str, ...], as_json: bool) -> IdentityAnswer | None:
    """Print what the identity of RECIPE's run covers, and what differs from its last run.

    A run is resumed if all of this is the same: the recipe's settings, the seed, the data, the code
    that trains and evaluates it (without comments and docstrings), the initial weights. The corpus
    must have been ingested.

    \b
    Examples:
      cantus identity audio_vae
      cantus identity audio_vae -S training.epochs=10
    """
    loaded, variant = load_run(recipe, overrides)
    require_corpus(loaded)
    found = _answer(loaded, _identify(loaded), _shown_by(recipe, loaded, variant))
    if as_json:
        return found
    say("\n".join(_lines(found)))
    return None


def _answer(loaded: Loaded, identity: "Identity", shown_by: str) -> IdentityAnswer:
    from engine.files.checksum import digest_of

    return IdentityAnswer(
        recipe=loaded.recipe.name,
        identity=identity.digits,
        folder=_folder(loaded, identity.digits),
        settings=identity.settings,
        settings_digest=digest_of(identity.settings),
        settings_shown_by=shown_by,
        seed=identity.seed,
        corpus=loaded.recipe.dataset.corpus,
        data=identity.data,
        training_set=identity.training_set,
        evaluation_set=identity.evaluation_set,
        judges=tuple(loaded.recipe.judges),
        units_digest=identity.units,
        initial_weights=_origin(loaded),
        initial_digest=identity.parent or None,
        code=identity.code,
        last_run=_last_run(loaded, identity),
    )


def _lines(found: IdentityAnswer) -> Iterator[str]:
    rows = [
        ("identity", found.identity, found.folder or "not begun"),
        ("recipe", found.settings_digest[:_SHOWN], f"{found.settings_shown_by} shows it"),
        ("seed", str(found.seed), "params.toml"),
        ("data", found.data[:_SHOWN], f"corpus {found.corpus}"),
        ("training clips", found.training_set[:_SHOWN], ""),
        ("evaluation clips", found.evaluation_set[:_SHOWN], ""),
        ("units", found.units_digest[:_SHOWN], _measured_by(found.judges)),
        ("initial weights", (found.initial_digest or "-")[:_SHOWN], found.initial_weights),
        *(("code", digest[:_SHOWN], module) for module, digest in found.code.items()),
    ]
    yield from aligned(rows)
    if found.last_run is not None:
        yield f"The last run is {found.last_run.identity}. {found.last_run.difference}"


def _shown_by(name: str, loaded: Loaded, variant: Variant | None) -> str:
    """What shows every value of the recipe."""
    if loaded.run is not None:
        return str(loaded.path.relative_to(loaded.project.root))
    given = variant.overrides if variant else ()
    words = [word for one in given for word in ("-S", one)]
    return shlex.join(["cantus", "check", name, *words, "-v"])


def _identify(loaded: Loaded) -> "Identity":
    import torch

    from engine.runs.identity import identify
    from engine.runs.initial_weights import find_initial_weights
    from engine.system_support.build import build_system

    recipe, project, params = loaded.recipe, loaded.project, loaded.params
    parent = find_initial_weights(recipe, project)
    torch.manual_seed(params.seed)
    return identify(recipe, params.seed, build_system(recipe, project, params), parent)


def _folder(loaded: Loaded, digits: str) -> str | None:
    folder = loaded.project.runs(loaded.recipe.name) / digits
    return f"{folder.relative_to(loaded.project.root)}" if folder.is_dir() else None


def _origin(loaded: Loaded) -> str:
    start = loaded.recipe.start
    return "drawn at random, by the seed" if start is None else start.name


def _last_run(loaded: Loaded, identity: "Identity") -> LastRun | None:
    from engine.runs.identity import differences_from

    latest = loaded.project.latest_run(loaded.recipe.name)
    if not latest.is_file() or latest.read_text() == identity.digits:
        return None
    run = latest.parent / latest.read_text()
    return LastRun(identity=run.name, difference=differences_from(run, identity))


def _measured_by(judges: Sequence[str]) -> str:
    by = f", by {', '.join(judges)}" if judges else ""
    return f"how metrics are measured{by}"
