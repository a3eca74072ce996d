"""Features of a recipe's corpus that are computed before training, with tables of its clips."""

from collections.abc import Sequence
from pathlib import Path

from engine.features.cache import Features
from engine.features.prepared import Prepared
from engine.project import Project
from engine.recipe.params import Params
from engine.systems.codec_lm.recipe import CodecLmRecipe, Published

# The rest of the system imports torch, which `cantus resolve` would wait for.


def published_files(recipe: CodecLmRecipe, project: Project) -> Sequence[Path]:
    """The files of the published tokenizer and codec that the recipe names.

    Raises UserError where one is missing.
    """
    from engine.analysis.codec.folder import codec_files, codec_folder

    files: list[Path] = []
    if recipe.codec.folder is not None:
        files += codec_files(codec_folder(recipe.codec, project))
    if isinstance(recipe.model, Published):
        files.append(project.root / recipe.model.folder / "tokenizer.json")
    return files


def prepare(
    recipe: CodecLmRecipe, project: Project, params: Params, features: Features
) -> Prepared:
    """Compute text tokens and codes of all clips in use. Raises UserError where training would."""
    from engine.system_support.corpus_system import open_corpus
    from engine.systems.codec_lm.data.cached_features import CachedFeatures
    from engine.systems.codec_lm.data.clip_tables import figures, left_out_table, used_table
    from engine.systems.codec_lm.data.utterances import load_utterances
    from engine.training.devices import make_device

    device = make_device(params.hardware, recipe.training.precision).torch_device
    made = CachedFeatures(recipe, open_corpus(recipe, project), features, params.work)
    utterances = load_utterances(project, made, params.seed, device)
    return Prepared(
        clips=used_table(utterances),
        quarantined=left_out_table(utterances),
        figures=figures(utterances),
    )
