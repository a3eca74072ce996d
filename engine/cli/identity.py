"""`cantus identity`: what the identity of a run covers."""

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from engine.cli.show.load import Loaded
from engine.cli.show.load_run import Variant, load_run, require_corpus
from engine.cli.show.recipe_options import overrides_option, recipe_argument
from engine.terminal.columns import aligned
from engine.terminal.say import say

if TYPE_CHECKING:
    from engine.runs.identity import Identity

_SHOWN = 12


@click.command()
@recipe_argument
@overrides_option
def command(recipe: str, overrides: tuple[str, ...]) -> None:
    """Print what the identity of RECIPE's run covers, and what differs from its last run.

    A run is resumed if all of this is the same: the recipe's settings, the seed, the data, the code
    that trains and evaluates it (without comments and docstrings), the initial weights. The corpus
    must have been ingested.

    \b
    Examples:
      cantus identity audio_vae
      cantus identity audio_vae -S training.epochs=10
    """
    from engine.files.checksum import digest_of

    loaded, variant = load_run(recipe, overrides)
    require_corpus(loaded)
    identity = _identify(loaded)
    rows = [
        ("identity", identity.digits, _state(loaded, identity.digits)),
        (
            "recipe",
            digest_of(identity.settings)[:_SHOWN],
            _shown_by(recipe, loaded, variant),
        ),
        ("seed", str(identity.seed), "params.toml"),
        ("data", identity.data[:_SHOWN], f"corpus {loaded.recipe.dataset.corpus}"),
        ("training clips", identity.training_set[:_SHOWN], ""),
        ("evaluation clips", identity.evaluation_set[:_SHOWN], ""),
        ("units", identity.units[:_SHOWN], _measured_by(loaded.recipe.judges)),
        ("initial weights", identity.parent[:_SHOWN] or "-", _origin(loaded)),
        *(("code", digest[:_SHOWN], module) for module, digest in identity.code.items()),
    ]
    say("\n".join([*aligned(rows), *_last_run(loaded, identity)]))


def _shown_by(name: str, loaded: Loaded, variant: Variant | None) -> str:
    """What shows every value of the recipe."""
    if loaded.run is not None:
        return f"{loaded.path.relative_to(loaded.project.root)} shows it"
    given = variant.overrides if variant else ()
    words = [word for one in given for word in ("-S", one)]
    return f"{shlex.join(['cantus', 'check', name, *words, '-v'])} shows it"


def _identify(loaded: Loaded) -> "Identity":
    import torch

    from engine.runs.identity import identify
    from engine.runs.initial_weights import find_initial_weights
    from engine.system_support.build import build_system

    recipe, project, params = loaded.recipe, loaded.project, loaded.params
    parent = find_initial_weights(recipe, project)
    torch.manual_seed(params.seed)
    return identify(recipe, params.seed, build_system(recipe, project, params), parent)


def _state(loaded: Loaded, digits: str) -> str:
    folder = loaded.project.runs(loaded.recipe.name) / digits
    return f"{folder.relative_to(loaded.project.root)}" if folder.is_dir() else "not begun"


def _origin(loaded: Loaded) -> str:
    start = loaded.recipe.start
    return "drawn at random, by the seed" if start is None else start.name


def _last_run(loaded: Loaded, identity: "Identity") -> Iterator[str]:
    from engine.runs.identity import differences_from

    latest = loaded.project.latest_run(loaded.recipe.name)
    if latest.is_file() and latest.read_text() != identity.digits:
        run = latest.parent / latest.read_text()
        yield f"The last run is {run.name}. {differences_from(run, identity)}"


def _measured_by(judges: Sequence[str]) -> str:
    by = f", by {', '.join(judges)}" if judges else ""
    return f"how metrics are measured{by}"
