"""`cantus pin-eval`: keep a recipe's evaluation clips as they are while its corpus grows."""

import click

from engine.cli.show.load import load_project_recipe
from engine.cli.show.recipe_options import recipe_argument
from engine.errors import UserError
from engine.evaluation.clip_table import ClipTable
from engine.recipe.dataset import evaluation_name
from engine.terminal.say import say


@click.command()
@recipe_argument
@click.option("--as", "name", metavar="NAME", help="Name of the set.  [default: the recipe's]")
@click.option("--replace", is_flag=True, help="Replace a set of that name that holds other clips.")
def command(recipe: str, name: str | None, replace: bool) -> None:
    """Write the current evaluation clips of RECIPE to evaluation/NAME.tsv, to be committed to git.

    A recipe with `dataset.evaluation = "NAME"` is evaluated on exactly these clips, whatever is
    added to its corpus, and is never trained on them. Clips are identified by their audio.

    \b
    Examples:
      cantus pin-eval audio_vae
      cantus pin-eval audio_vae --as words_2026
    """
    from engine.corpus import Corpus
    from engine.evaluation.clip_table import read_clip_table, write_clip_table
    from engine.evaluation.digests import as_digests, keys

    loaded = load_project_recipe(recipe)
    dataset, project = loaded.recipe.dataset, loaded.project
    corpus = Corpus.open(project.corpus(dataset.corpus))

    from engine.system_support.usage import used_clips  # imports torch

    data, _ = used_clips(loaded.recipe, project, loaded.params, corpus)
    split = data.split
    chosen = [corpus.manifest.clips[row] for row in data.rows[split.evaluation].tolist()]
    table = ClipTable(tuple(c.id for c in chosen), as_digests(c.sha256 for c in chosen))
    name = loaded.recipe.name if name is None else name
    path = project.frozen_evaluation(_word(name))
    if path.is_file() and not replace:
        present = read_clip_table(path)
        if set(keys(present.digests)) != set(keys(table.digests)):
            raise UserError(
                f"{path.relative_to(project.root)} holds {len(present.ids)} other clips. Metrics "
                "of the two sets cannot be compared: choose another name with --as, or replace the "
                "set with --replace."
            )
    write_clip_table(path, table, f"evaluation clips of {loaded.recipe.name}: {split.how}")
    say(
        f"{path.relative_to(project.root)}: {len(chosen):,} clips ({split.how}). Commit it, write "
        f'evaluation = "{name}" below [dataset] of the recipes that should use it.'
    )


def _word(name: str) -> str:
    if wrong := evaluation_name(name):
        raise UserError(f"--as {wrong}.")
    return name
