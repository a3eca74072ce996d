"""What is made of a recipe's corpus before the GPT is trained, and the tables that say so."""

from collections.abc import Sequence
from pathlib import Path

from engine.features.cache import Features
from engine.features.prepared import Prepared
from engine.project import Project
from engine.recipe.params import Params
from engine.systems.xtts.recipe import Published, XttsRecipe

# The rest of the room imports torch, which `cantus resolve` would wait for.


def published_files(recipe: XttsRecipe, project: Project) -> Sequence[Path]:
    """The published DVAE, its statistics and the vocabulary; nothing where none are published."""
    if not isinstance(recipe.model, Published):
        return []
    from engine.systems.xtts.files.published import (
        CONFIG,
        DVAE,
        MEL_STATS,
        VOCABULARY,
        read_published,
    )

    folder = read_published(project.root / recipe.model.folder).folder
    return [folder / name for name in (CONFIG, DVAE, MEL_STATS, VOCABULARY)]


def prepare(recipe: XttsRecipe, project: Project, params: Params, features: Features) -> Prepared:
    """Text tokens and audio codes of every clip that can be used. Raises what training does."""
    from engine.corpus import Corpus
    from engine.systems.xtts.data.clip_tables import figures, left_out_table, used_table
    from engine.systems.xtts.data.utterances import utterances_of
    from engine.systems.xtts.text.text_tokens import vocabulary_of

    corpus = Corpus.open(project.corpus(recipe.dataset.corpus))
    text = vocabulary_of(recipe, project, corpus, features)
    used = utterances_of(recipe, project, corpus, text, features, params.seed)
    return Prepared(
        clips=used_table(corpus, used),
        quarantined=left_out_table(corpus, used),
        figures=figures(corpus, used),
    )
