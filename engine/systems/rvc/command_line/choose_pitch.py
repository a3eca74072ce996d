"""Which method measures pitch for `cantus convert`: the one asked for, or the model's own."""

import torch
from attrs import evolve

from engine.analysis.pitch.method import PitchMethod
from engine.errors import UserError
from engine.files.nearest import suggestion
from engine.project import Project
from engine.systems.rvc.command_line.models import Asked, ConvertingModel
from engine.systems.rvc.conversion.pitch_names import BY_NAME, name_of
from engine.systems.rvc.data.methods import pitch_method
from engine.systems.rvc.dataset_table import Pitch, Rmvpe
from engine.systems.rvc.notes import PitchNote, VoiceNote


def choose_pitch(
    asked: Asked,
    model: ConvertingModel,
    note: VoiceNote | None,
    project: Project,
    device: torch.device,
) -> PitchMethod | None:
    """The method of --pitch, else the one that the model was trained with.

    Raises UserError where it does not exist, is not installed or is another release of it.
    """
    if asked.pitch is None and note is not None and note.pitch is not None:
        return _as_learned(note.pitch, model, project, device)
    table = model.pitch if asked.pitch is None else _table(asked.pitch, model)
    return pitch_method(table, project, device)


def _as_learned(
    learned: PitchNote, model: ConvertingModel, project: Project, device: torch.device
) -> PitchMethod | None:
    """The model's own method: the model was trained on the errors of that one.

    Raises UserError where the method is missing here, or of another release.
    """
    try:
        method = pitch_method(_table(learned.kind, model), project, device)
        digest = method and method.digest
    except UserError as missing:
        other = "swift_f0" if learned.kind == "fcpe" else "fcpe"
        raise UserError(
            f"{model.path} learned from pitch by {learned.kind}, which cannot be used here. "
            f"{missing} Or convert by another method: --pitch {other}"
        ) from missing
    if digest != learned.digest:
        raise UserError(
            f"{model.path} learned from pitch by another {learned.kind} ({learned.digest[:12]}, "
            f"here {str(digest)[:12]}): put back the release or the weights that it was trained "
            f"with, or give --pitch {learned.kind} to use what is here."
        )
    return method


def _table(name: str, model: ConvertingModel) -> Pitch:
    """What the recipe says of the method, if it is the recipe's; nothing stands in for it."""
    if name not in BY_NAME:
        raise UserError(
            f"There is no pitch method '{name}'.{suggestion(name, BY_NAME)} There are: "
            f"{', '.join(BY_NAME)}."
        )
    table = model.pitch if name == name_of(model.pitch) else BY_NAME[name]
    return evolve(table, where_missing="refuse") if isinstance(table, Rmvpe) else table
