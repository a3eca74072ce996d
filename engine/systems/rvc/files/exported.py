"""Reading a model as RVC WebUI and Applio export it: the converting network, a file of 55 MB.

It holds `weight` (half precision, no posterior encoder), `config`, `sr`, `f0`, `version`, `info`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import evolve, frozen

from engine.errors import UserError
from engine.systems.rvc.files.config_list import settings_of
from engine.systems.rvc.files.kinds import kind_of, said_of_others
from engine.systems.rvc.files.state_file import StateFile, read_state_file
from engine.systems.rvc.network.settings import SynthesizerSettings
from engine.systems.rvc.network.synthesizer import Synthesizer
from engine.training.weights_fit import differences, load_strictly


@frozen
class ExportedModel:
    """A network that converts, with the other entries of its file."""

    network: Synthesizer
    """In evaluation mode; its posterior encoder is not the file's."""
    facts: Mapping[str, Any]
    """Everything but tensors and configuration, as the file has it: believe none of it."""


def read_exported(path: Path) -> ExportedModel:
    """The network of an exported model. No code of the file runs.

    Raises UserError where it is missing, damaged, no exported model, of a decoder other than
    HiFi-GAN's (Applio has three), or where its tensors are not those of its configuration.
    """
    file = read_state_file(path)
    settings = _settings(file)
    with torch.device("meta"):  # nothing is allocated on the file's word
        shapes = Synthesizer(settings).state_dict()
    own = {name: value for name, value in shapes.items() if not name.startswith("enc_q.")}
    return ExportedModel(_network(settings, own, file), _facts(file))


def _settings(file: StateFile) -> SynthesizerSettings:
    kind = kind_of(file.state)
    if kind is None or kind.role != "generator":
        raise UserError(f"{file.path} is {kind or said_of_others(file.state)}, not a model of RVC.")
    if not file.is_exported:
        raise UserError(
            f"{file.path} is a checkpoint of a training ({kind}), no exported model: it has no "
            "config. Begin a run with it (start.weights), or export it where it was trained."
        )
    vocoder = file.facts.get("vocoder", "HiFi-GAN")
    if vocoder != "HiFi-GAN":
        raise UserError(f"{file.path} has a decoder of another kind ({vocoder!r}), not HiFi-GAN's.")
    if kind.version is None:
        raise UserError(f"{file.path} reads content vectors of no version of RVC.")
    config = file.facts["config"]
    settings = settings_of(config, kind.version, file.path, uses_f0=bool(kind.uses_f0))
    speakers = file.state.get("emb_g.weight")
    rows = speakers.shape[0] if speakers is not None and speakers.dim() else 1
    return evolve(settings, num_speakers=rows)  # whatever the config says, as RVC WebUI has it


def _network(
    settings: SynthesizerSettings, own: Mapping[str, torch.Tensor], file: StateFile
) -> Synthesizer:
    given = {name: value for name, value in file.state.items() if not name.startswith("enc_q.")}
    if found := differences(own, given):
        raise UserError(f"{file.path} does not fit its own config: {found}")
    network = Synthesizer(settings)
    rest = {name: value.clone() for name, value in network.state_dict().items() if name not in own}
    load_strictly(network, {**rest, **given}, file.path)
    return network.eval()


def _facts(file: StateFile) -> Mapping[str, Any]:
    return {name: value for name, value in file.facts.items() if name != "config"}
