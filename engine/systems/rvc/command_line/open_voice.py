"""The voice that `cantus convert` is given: a trained recipe, or a .pth from elsewhere."""

from collections.abc import Sequence
from pathlib import Path

import torch
from attrs import frozen

from engine.analysis.content.encoder import ContentEncoder
from engine.errors import UserError
from engine.project import Project
from engine.system_support.device import open_device
from engine.systems.rvc.command_line.choose_pitch import choose_pitch
from engine.systems.rvc.command_line.models import Asked, ConvertingModel
from engine.systems.rvc.command_line.speakers import choose_speaker
from engine.systems.rvc.conversion.voice import Retrieve, Voice, Wishes
from engine.systems.rvc.conversion.voice_note import read_voice_note
from engine.systems.rvc.data.methods import content_encoder
from engine.systems.rvc.files.exported import ExportedModel, read_exported
from engine.systems.rvc.notes import Speaker, VoiceNote


@frozen(kw_only=True)
class OpenedVoice:
    """A voice, and the settings that its model decides."""

    voice: Voice
    index_rate: float
    noise_scale: float
    notes: Sequence[str]


def open_voice(asked: Asked, project: Project, model: ConvertingModel) -> OpenedVoice:
    """Load a model that `find_model` found, and what extracts content and pitch for it.

    Raises UserError where it is damaged; where it has no such speaker, no pitch that could be
    moved, or was trained on other features; where weights of a method are missing.
    """
    device = open_device(asked.device)
    exported = read_exported(model.path)
    note = read_voice_note(exported.facts, model.path)
    speaker = _speaker(asked, exported, note)
    content = _content(model, exported, note, project, device)
    retrieval = _retrieval(asked, model, content)
    pitch = choose_pitch(asked, model, note, project, device) if _has_pitch(exported) else None
    voice = Voice(
        synthesizer=exported.network.to(device),
        speaker=speaker.row,
        content=content,
        pitch=pitch,
        unvoiced="zero" if note is None else note.unvoiced,
        retrieval=retrieval,
        median_hz=speaker.median_hz,
    )
    rate = Wishes().index_rate if asked.index_rate is None else asked.index_rate
    return OpenedVoice(
        voice=voice,
        index_rate=rate,
        noise_scale=Wishes().noise_scale if model.noise_scale is None else model.noise_scale,
        notes=_notes(asked, model),
    )


def _has_pitch(exported: ExportedModel) -> bool:
    return exported.network.settings.uses_f0


def _speaker(asked: Asked, exported: ExportedModel, note: VoiceNote | None) -> Speaker:
    """Whose voice it is. Raises UserError where what is asked of the pitch cannot be done."""
    if not _has_pitch(exported) and (asked.moves_pitch or asked.pitch is not None):
        raise UserError(
            f"{asked.model} was trained without pitch, so the pitch cannot be shifted: leave out "
            "--transpose, --auto-transpose and --pitch."
        )
    speaker = choose_speaker(asked.speaker, exported.network.settings.num_speakers, note)
    if asked.needs_median and speaker.median_hz is None:
        raise UserError(
            f"{asked.model} does not record the median pitch of its voice: give --transpose, in "
            "semitones, instead of --auto-transpose."
        )
    return speaker


def _content(
    model: ConvertingModel,
    exported: ExportedModel,
    note: VoiceNote | None,
    project: Project,
    device: torch.device,
) -> ContentEncoder:
    """The encoder, which must be the one whose features the model has learned from."""
    dim = exported.network.settings.content_dim
    encoder = content_encoder(model.content, dim, project, device)
    if note is not None and note.content != encoder.digest:
        raise UserError(
            f"{model.path} learned from the features of another content model "
            f"({note.content[:12]}, here {encoder.digest[:12]}): put back the one it was trained "
            "with, or train again."
        )
    return encoder


def _retrieval(asked: Asked, model: ConvertingModel, content: ContentEncoder) -> Retrieve | None:
    if asked.index_rate == 0:
        return None
    if model.index is None:
        if asked.index_rate is not None:
            raise UserError(
                f"--index-rate {asked.index_rate:g} needs a retrieval index, and {model.path} has "
                "no added_*.index beside it: give --index, or leave --index-rate out."
            )
        return None
    from engine.systems.rvc.index.retrieval import read_index

    return read_index(model.index, content.dim, content.digest)


def _notes(asked: Asked, model: ConvertingModel) -> Sequence[str]:
    if model.index is None:
        return ["index: none, so the features of the source are used unchanged"]
    found = asked.index is None and Path(asked.model).suffix == ".pth"
    return [f"index: {model.index}, which lies beside the model"] if found else []
