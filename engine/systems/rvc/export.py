"""What a trained voice leaves for RVC WebUI, Applio and `cantus convert`."""

from datetime import datetime
from pathlib import Path

from engine.systems.rvc.conversion.voice_note import voice_note
from engine.systems.rvc.data.recordings import Recordings
from engine.systems.rvc.dataset_table import FRAMES_A_SECOND
from engine.systems.rvc.files.export import Training, export_voice
from engine.systems.rvc.index.of_recordings import export_index
from engine.systems.rvc.network.synthesizer import Synthesizer
from engine.systems.rvc.recipe import RvcRecipe


def export_model(
    network: Synthesizer, recordings: Recordings, recipe: RvcRecipe, folder: Path
) -> None:
    """Write `<recipe>.pth` and its retrieval index, as both programs look for them."""
    folder.mkdir(parents=True, exist_ok=True)
    export_voice(network, folder / f"{recipe.name}.pth", _training(recordings, recipe))
    export_index(recordings, folder, recipe.name, recipe.model.version)


def _training(recordings: Recordings, recipe: RvcRecipe) -> Training:
    """What the file says of how it was trained: as long as the recipe says."""
    training, slices = recipe.training, recordings.training
    in_an_epoch = max(1, -(-len(slices) // training.batch_size))
    steps = training.steps or (training.epochs or 0) * in_an_epoch
    return Training(
        name=recipe.name,
        epoch=training.epochs or steps // in_an_epoch,
        step=steps,
        created=datetime.now().isoformat(timespec="microseconds"),
        audio_seconds=float(slices.frames.sum()) / FRAMES_A_SECOND,
        content=recipe.dataset.content.kind,
        num_speakers=len(recordings.speaker_names),
        others={
            "pitch": recipe.dataset.pitch.kind,
            "mel_floor": recipe.model.mel_floor,
            **voice_note(recordings, recipe),
        },
    )
