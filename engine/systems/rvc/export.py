"""Export of a trained voice for RVC WebUI, Applio and `cantus convert`."""

from datetime import datetime
from pathlib import Path

from engine.systems.rvc.conversion.voice_note import voice_note
from engine.systems.rvc.data.recordings import Recordings
from engine.systems.rvc.dataset_table import FRAMES_A_SECOND
from engine.systems.rvc.files.export import Training, export_voice
from engine.systems.rvc.index.of_recordings import export_index
from engine.systems.rvc.recipe import RvcRecipe
from engine.systems.rvc.training_module import RvcTrainingModule


def export_model(
    module: RvcTrainingModule, recordings: Recordings, recipe: RvcRecipe, folder: Path
) -> None:
    """Write `<recipe>.pth` and its retrieval index, as both programs look for them."""
    folder.mkdir(parents=True, exist_ok=True)
    training = _training(module, recordings, recipe)
    export_voice(module.network, folder / f"{recipe.name}.pth", training)
    export_index(recordings, folder, recipe.name, recipe.model.version)


def _training(module: RvcTrainingModule, recordings: Recordings, recipe: RvcRecipe) -> Training:
    """The entries of the file on how its weights were trained."""
    slices = recordings.training
    return Training(
        name=recipe.name,
        epoch=int(module.learned_epochs),
        step=module.learned_steps,
        created=datetime.now().isoformat(timespec="microseconds"),
        audio_seconds=float(slices.frames.sum()) / FRAMES_A_SECOND,
        content=recipe.dataset.content.kind,
        num_speakers=len(recordings.speaker_names),
        others={
            "mel_floor": recipe.model.mel_floor,
            **voice_note(recordings, recipe),
        },
    )
