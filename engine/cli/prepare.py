"""`cantus prepare`: precompute a recipe's features."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.cli.show.load_run import load_run, require_corpus
from engine.cli.show.recipe_options import overrides_option, recipe_argument

if TYPE_CHECKING:
    from pathlib import Path

    from engine.features.prepared import Prepared

_NUM_EXAMPLES = 3


@click.command()
@recipe_argument
@overrides_option
def command(recipe: str, overrides: tuple[str, ...]) -> None:
    """Precompute RECIPE's features: audio codes and text tokens, or slices, pitch and content.

    `dvc repro RECIPE` calls this command. The features are written to build/prepared/RECIPE, with
    two tables: clips.tsv lists how each clip is used, quarantined.tsv why a clip is not used, and
    what would change that. Training reads the features if corpus, recipe and code are the same as
    when they were computed, and computes them itself if not.

    \b
    Examples:
      cantus prepare xtts_phase1
      cantus prepare xtts_phase1 -S dataset.max_seconds=8
      cantus prepare rvc_v2_40k
    """
    loaded, _ = load_run(recipe, overrides)
    require_corpus(loaded)

    from engine.system_support.published import require_published

    require_published(loaded.recipe, loaded.project)

    from engine.features.prepared import features_of, write_prepared
    from engine.system_support.prepare import prepare_recipe
    from engine.training.devices import make_device

    # As training computes, with as many threads: centroids depend on it.
    make_device(loaded.params.hardware, loaded.recipe.training.precision)
    features = features_of(loaded.recipe, loaded.project)
    prepared = prepare_recipe(loaded.recipe, loaded.project, loaded.params, features)
    place = write_prepared(prepared, features, loaded.recipe.name, loaded.project)
    _print_prepared(prepared, place.relative_to(loaded.project.root))


def _print_prepared(prepared: "Prepared", place: "Path") -> None:
    from engine.features.prepared import CLIPS_FILE, QUARANTINE_FILE
    from engine.terminal.columns import aligned
    from engine.terminal.say import say

    lines = aligned(prepared.figures)
    rows = prepared.quarantined.rows
    lines.append(f"left out: {len(rows):,} clips")
    lines += [f"  {line}" for line in aligned(_by_reason(rows))]
    lines.append(f"tables: {place / CLIPS_FILE}, {place / QUARANTINE_FILE}")
    say("\n".join(lines))


def _by_reason(rows: Sequence[Sequence[str]]) -> list[tuple[str, str, str]]:
    """Reason, number of clips, and the first of them with what was found."""
    named: dict[str, list[str]] = {}
    for id_, reason, found, *_ in rows:
        named.setdefault(reason, []).append(f"{id_} ({found})" if found else id_)
    return [
        (reason, f"{len(names):,}", ", ".join(names[:_NUM_EXAMPLES]))
        for reason, names in named.items()
    ]
