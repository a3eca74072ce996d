"""Features of a recipe's corpus that are computed before training, with tables of its clips."""

from collections.abc import Sequence
from pathlib import Path

from engine.errors import UserError
from engine.features.cache import Features
from engine.features.prepared import Prepared
from engine.project import Project
from engine.recipe.params import Params
from engine.systems.rvc.dataset_table import ContentVec, Rmvpe
from engine.systems.rvc.recipe import RvcRecipe

# The rest of the system imports torch, which `cantus resolve` would wait for.


def published_files(recipe: RvcRecipe, project: Project) -> Sequence[Path]:
    """ContentVec's files and RMVPE's, where the recipe uses them.

    Raises UserError where a file is missing for which the recipe names no replacement.
    """
    files: list[Path] = []
    pitch, content = recipe.dataset.pitch, recipe.dataset.content
    if isinstance(pitch, Rmvpe):
        files += _weights(project.root / pitch.weights, pitch)
    if isinstance(content, ContentVec):
        from engine.analysis.content.model_files import model_files

        files += model_files(project.root / content.folder)
    return files


def prepare(recipe: RvcRecipe, project: Project, params: Params, features: Features) -> Prepared:
    """Compute slices, pitch and content of usable clips. Raises UserError where training would."""
    from engine.systems.rvc.data.clip_tables import figures, left_out_table, used_table
    from engine.systems.rvc.data.recordings import load_recordings
    from engine.training.devices import make_device

    device = make_device(params.hardware, recipe.training.precision).torch_device
    recordings = load_recordings(recipe, project, params, features, device)
    return Prepared(
        clips=used_table(recordings),
        quarantined=left_out_table(recordings),
        figures=figures(recordings),
    )


def _weights(path: Path, pitch: Rmvpe) -> list[Path]:
    if path.is_file():
        return [path]
    if pitch.where_missing == "fcpe":
        return []
    raise UserError(
        f"dataset.pitch.weights names {path}, which does not exist. 'cantus fetch rmvpe' puts the "
        "published file there; dataset.pitch.where_missing = 'fcpe' does without it."
    )
