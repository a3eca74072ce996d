"""Published weights to start from: f0G40k.pth, f0D40k.pth, and models that were exported."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import RefusedValuesError, UserError
from engine.nn.discriminators import Discriminators
from engine.systems.rvc.files.kinds import Kind, kind_of, said_of_others
from engine.systems.rvc.files.state_file import read_state_file
from engine.systems.rvc.network.synthesizer import Synthesizer
from engine.training.weights_fit import load_strictly

_SPEAKERS = "emb_g.weight"
_POSTERIOR = "enc_q."


def load_generator(network: Synthesizer, path: Path) -> Sequence[str]:
    """Load the weights of a published, trained or exported generator.

    Rows of the speaker embedding are loaded from the first on; where the network has more rows, the
    others stay. An exported model has no posterior encoder: the network's own stays.

    Returns:
        Sentences on the weights that do not come from the file.

    Raises:
        UserError: It is missing, damaged, would run code, or is of another kind. Nothing is loaded.

    """
    given, own = dict(read_state_file(path).state), network.state_dict()
    _require_kind(own, given, path)
    notes = [*_speakers(own, given), *_posterior(own, given)]
    load_strictly(network, given, path)
    return notes


def load_discriminators(network: Discriminators, path: Path) -> None:
    """Load the weights of published or trained discriminators.

    Raises UserError, and loads nothing, where the file is missing, damaged, would run code, or is
    of another kind.
    """
    given = read_state_file(path).state
    _require_kind(network.state_dict(), given, path)
    load_strictly(network, given, path)


def _require_kind(own: Mapping[str, Tensor], given: Mapping[str, Tensor], path: Path) -> None:
    """Raise UserError, naming both, where the file is of another kind than the network."""
    wanted, found = kind_of(own), kind_of(given)
    assert wanted is not None
    if found is None:
        raise UserError(f"{path} is {said_of_others(given)}; {wanted} is needed.")
    if found.role != wanted.role:
        table = "start.weights" if wanted.role == "generator" else "model.discriminator.weights"
        raise RefusedValuesError(f"{path} is {found}; {table} needs {wanted}.")
    if found != wanted:
        raise RefusedValuesError(
            f"{path} is {found}; the recipe's is {wanted}. {_advice(wanted, found)}"
        )


def _advice(wanted: Kind, found: Kind) -> str:
    keys = {
        "dataset.sample_rate_hz and model.upsample_*": wanted.sample_rate_hz
        != found.sample_rate_hz,
        "model.version": wanted.version != found.version,
        "dataset.pitch": wanted.uses_f0 != found.uses_f0,
    }
    differing = " and ".join(key for key, differs in keys.items() if differs)
    return f"Name the file of that kind, or change {differing} in the recipe."


def _speakers(own: Mapping[str, Tensor], given: dict[str, Tensor]) -> list[str]:
    """Bring the speaker embedding to as many rows as the network has."""
    theirs, ours = given.get(_SPEAKERS), own[_SPEAKERS]
    if theirs is None or theirs.dim() != 2 or theirs.shape[1:] != ours.shape[1:]:
        return []
    if len(theirs) == len(ours):
        return []
    shared = min(len(theirs), len(ours))
    given[_SPEAKERS] = torch.cat([theirs[:shared], ours[shared:].cpu()])
    rest = "the rest is left out" if len(theirs) > shared else "the others start untrained"
    return [
        f"The speaker embedding has {len(theirs)} rows in the file and {len(ours)} in the model: "
        f"the first {shared} are loaded, {rest}."
    ]


def _posterior(own: Mapping[str, Tensor], given: dict[str, Tensor]) -> list[str]:
    """Complete an exported model with the network's own posterior encoder."""
    if any(name.startswith(_POSTERIOR) for name in given):
        return []
    given |= {name: value.clone() for name, value in own.items() if name.startswith(_POSTERIOR)}
    return [
        "The file is an exported model, which has no posterior encoder (enc_q): the model's own "
        "begins at random, and the first epochs teach it."
    ]
