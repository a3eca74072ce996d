"""The model and the voice that `cantus speak` is given. No torch: it loads after both are found."""

from pathlib import Path

from engine.errors import UserError
from engine.project import find_project
from engine.system_support.trained_model import TrainedModel, trained_model
from engine.systems.xtts.recipe import XttsRecipe

_WEIGHTS = "model.pth"


def find_speaking_model(name: str) -> TrainedModel[XttsRecipe] | Path:
    """A trained recipe by its name, or a folder of published weights.

    Raises UserError where there is none, it is not trained, or it is of another system.
    """
    if (Path(name) / _WEIGHTS).is_file():
        return Path(name)
    hint = f"a folder of weights holds {_WEIGHTS}"
    return trained_model(find_project(), name, XttsRecipe, _WEIGHTS, "speaking model", hint)


def find_voice(given: Path | None, model: TrainedModel[XttsRecipe] | Path) -> Path:
    """The recording of --voice, else that of the model's first sample.

    Raises UserError where there is none.
    """
    if given is not None:
        if not given.is_file():
            raise UserError(f"There is no file {given} to take a voice from.")
        return given
    folder = model if isinstance(model, Path) else model.folder
    found = sorted(folder.glob("samples/final/*/original.wav"))
    if not found:
        raise UserError(
            f"{folder} holds no sample whose voice could be used: give --voice, a recording with 3 "
            "to 30 s of speech."
        )
    return found[0]
