"""Features of a recipe's corpus that are computed before training, with tables of its clips."""

from collections.abc import Sequence
from pathlib import Path

from engine.features.cache import Features
from engine.features.prepared import Prepared
from engine.project import Project
from engine.recipe.params import Params
from engine.systems.xtts.recipe import Published, XttsRecipe

# The rest of the system imports torch, which `cantus resolve` would wait for.


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
    """Compute text tokens and codes of usable clips. Raises UserError where training would."""
    from engine.system_support.corpus_system import open_corpus
    from engine.systems.xtts.data.cached_features import CachedFeatures
    from engine.systems.xtts.data.clip_tables import figures, left_out_table, used_table
    from engine.systems.xtts.data.utterances import load_utterances, load_vocabulary

    made = CachedFeatures(recipe, open_corpus(recipe, project), features)
    vocabulary = load_vocabulary(project, made)
    utterances = load_utterances(project, made, vocabulary, params.seed)
    return Prepared(
        clips=used_table(utterances),
        quarantined=left_out_table(utterances),
        figures=figures(utterances),
    )
