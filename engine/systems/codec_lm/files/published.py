"""The weights in a folder of Higgs Audio v2: published, exported, or of the legacy layout."""

from collections.abc import Collection, Mapping
from pathlib import Path

from attrs import frozen
from torch import Tensor
from transformers import HiggsAudioV2ForConditionalGeneration

from engine.errors import UserError
from engine.fetch.licence import licence_name
from engine.files.untrusted import as_user_error
from engine.nn.adapters import adapters_of, with_names_of
from engine.systems.codec_lm.files.differences import REASONS, TEXT_HEAD
from engine.systems.codec_lm.higgs.keys import from_legacy, is_legacy, without_copies
from engine.systems.codec_lm.higgs.template import CHAT_TEMPLATE
from engine.training.weight_files import read_weights
from engine.training.weights_fit import load_strictly

LICENCE = "Boson Higgs Audio 2 Community License"
"""Licence of the published weights and of all weights that are fine-tuned from them."""
TEMPLATE = "chat_template.jinja"
_WRAPPERS = ("module.", "_orig_mod.", "model.")
"""Prefixes that wrappers put before every name: torch's, and of trainers' own modules."""


@frozen
class Origin:
    """What an export copies from the folder that its model's files came from."""

    licence: str
    chat_template: str
    adapted: str | None = None
    """The folder, in the project, of the weights that the adapters were trained on."""

    @classmethod
    def of(cls, folder: Path) -> "Origin":
        """The licence and the chat template of a folder; Boson's and ours where it has none.

        The legacy layout has no template. Raises UserError where one is damaged.
        """
        path, template = folder / TEMPLATE, CHAT_TEMPLATE
        if path.is_file():
            with as_user_error(f"{path} is damaged: it is not UTF-8 text.", OSError):
                template = path.read_text("utf-8")
        return cls(licence_name(folder) or LICENCE, template)


def load_published(
    model: HiggsAudioV2ForConditionalGeneration, path: Path, *, new_text_head: bool = False
) -> str:
    """Load the weights of a file or an index into a model; returns a sentence on what was found.

    Adapters of the model stay as they are. The weights lie in their files until they are copied.
    `new_text_head` says that the model's own text head is kept where the weights have none. Raises
    UserError, with nothing loaded, where they do not fit.
    """
    given, said = _plain(read_weights(path))
    odd = [name for name, value in given.items() if not value.is_floating_point()]
    if odd:
        raise UserError(
            f"{path} holds whole numbers in {len(odd)} tensors, first {odd[0]}: the weights are "
            "quantized. Name the folder of the weights that they were made of."
        )
    own = model.state_dict()
    if new_text_head and TEXT_HEAD not in given:
        given[TEXT_HEAD] = own[TEXT_HEAD]
        said = [*said, "the text head is untrained, because the file has none"]
    load_strictly(model, {**with_names_of(own, given), **adapters_of(own)}, path, REASONS)
    return "; ".join([f"{len(given)} tensors of {path.parent.name}/{path.name}", *said])


def _plain(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Weights under transformers' names, and phrases on how their own names differ."""
    said = []
    prefix = _wrapper(state)
    plain = {name.removeprefix(prefix): value for name, value in state.items()}
    if prefix:
        said.append(f"their names began with '{prefix}', which a wrapper adds when it is saved")
    if is_legacy(plain):
        plain = from_legacy(plain)
        said.append("renamed from the layout of before April 2026")
    alone = without_copies(plain)
    if len(alone) < len(plain):
        said.append(f"{len(plain) - len(alone)} copies of heads left out")
    return alone, said


def _wrapper(names: Collection[str]) -> str:
    """The prefix of all names: that of one wrapper, or of nested wrappers."""
    prefix = ""
    while names:
        longer = [prefix + one for one in _WRAPPERS]
        found = [one for one in longer if all(name.startswith(one) for name in names)]
        if not found:
            break
        prefix = found[0]
    return prefix
