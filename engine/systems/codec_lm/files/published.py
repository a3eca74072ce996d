"""A folder of Higgs Audio v2: `published/higgs_audio_v2`, an export, or the legacy layout."""

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen
from torch import Tensor
from transformers import HiggsAudioV2Config, HiggsAudioV2ForConditionalGeneration

from engine.errors import UserError
from engine.fetch.licence import licence_name
from engine.files.untrusted import as_user_error
from engine.nn.adapters import adapters_of, with_names_of
from engine.systems.codec_lm.files.differences import REASONS, TEXT_HEAD
from engine.systems.codec_lm.higgs.folder import CONFIG, read_config
from engine.systems.codec_lm.higgs.keys import from_legacy, is_legacy, without_copies
from engine.systems.codec_lm.higgs.tokens import AUDIO_OUT, AUDIO_OUT_BOS, DELAY, HiggsTokens
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.training.weight_files import read_weights
from engine.training.weights_fit import load_strictly

LICENCE = "Boson Higgs Audio 2 Community License"
"""Of the published weights and of all that are fine-tuned from them."""
_TEMPLATE = "chat_template.jinja"
_WRAPPERS = ("module.", "_orig_mod.", "model.")
"""What wrappers put before every name: torch's, and trainers that save their own module."""


@frozen(eq=False)
class PublishedModel:
    """What lies in the folder. Weights are read where they are needed (`load_published`)."""

    folder: Path
    config: HiggsAudioV2Config
    tokens: HiggsTokens
    chat_template: str | None
    """None where the folder has none, as the legacy layout."""
    licence: str
    """Of the weights: what the folder's licence.toml says, else the one Boson published under."""
    is_legacy: bool
    """Whether it has the layout of before April 2026, which is converted by a change of names."""

    @property
    def codebooks(self) -> Codebooks:
        """Those that the weights are for."""
        return Codebooks(self.config.num_codebooks, self.config.audio_stream_bos_id)


def read_published(folder: Path) -> PublishedModel:
    """Read the small files of a folder.

    Raises UserError where one is missing or damaged, is of another model, or contradicts another.
    """
    config, is_legacy_folder = read_config(folder)
    tokens = HiggsTokens.open(folder)
    _require_tokenizer(config, tokens, folder)
    template = None
    if (folder / _TEMPLATE).is_file():
        with as_user_error(f"{folder / _TEMPLATE} is damaged: it is no text.", OSError):
            template = (folder / _TEMPLATE).read_text("utf-8")
    licence = licence_name(folder) or LICENCE
    return PublishedModel(folder, config, tokens, template, licence, is_legacy_folder)


def require_codec(model: PublishedModel, codebooks: Codebooks) -> None:
    """Raise UserError where a model's weights are for codes of another codec."""
    if (wanted := model.codebooks) != codebooks:
        raise UserError(
            f"{model.folder / CONFIG} is of a model for {wanted.num_codebooks} codebooks of "
            f"{wanted.codebook_size} codes, and the codec has {codebooks.num_codebooks} of "
            f"{codebooks.codebook_size}. Name the codec that the model was trained with in [codec] "
            "('cantus fetch higgs_audio_v2_tokenizer'), or train a model of kind 'scratch'."
        )


def load_published(
    model: HiggsAudioV2ForConditionalGeneration, path: Path, *, new_text_head: bool = False
) -> str:
    """Give a model the weights of a file or an index; returns in words what was found.

    Adapters of the model stay as they are. The weights lie in their files until they are copied.
    `new_text_head` says that the model's own text head is kept where the weights have none. Raises
    UserError, with nothing loaded, where they do not fit.
    """
    given, said = _plain(read_weights(path))
    odd = [name for name, value in given.items() if not value.is_floating_point()]
    if odd:
        raise UserError(
            f"{path} holds whole numbers in {len(odd)} tensors, first {odd[0]}: the weights are "
            "quantised. Name the folder of the weights that they were made of."
        )
    own = model.state_dict()
    if new_text_head and TEXT_HEAD not in given:
        given[TEXT_HEAD] = own[TEXT_HEAD]
        said = [*said, "the text head is new, for there was none"]
    load_strictly(model, {**with_names_of(own, given), **adapters_of(own)}, path, REASONS)
    return "; ".join([f"{len(given)} tensors of {path.parent.name}/{path.name}", *said])


def _plain(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Weights by transformers' names, and in words how their own names differ."""
    said = []
    prefix = _wrapper(state)
    plain = {name.removeprefix(prefix): value for name, value in state.items()}
    if prefix:
        said.append(f"their names began with '{prefix}', as a wrapper that is saved writes them")
    if is_legacy(plain):
        plain = from_legacy(plain)
        said.append("renamed from the layout of before April 2026")
    alone = without_copies(plain)
    if len(alone) < len(plain):
        said.append(f"{len(plain) - len(alone)} copies of heads left out")
    return alone, said


def _wrapper(state: Mapping[str, Tensor]) -> str:
    """What stands before all names; in turn, for one wrapper may stand inside another."""
    prefix = ""
    while found := next((w for w in _WRAPPERS if all(n.startswith(prefix + w) for n in state)), ""):
        prefix += found
        if not state:
            break
    return prefix


def _require_tokenizer(config: HiggsAudioV2Config, tokens: HiggsTokens, folder: Path) -> None:
    """Raise UserError where configuration and tokenizer name other ids."""
    ids = {
        "audio_token_id": AUDIO_OUT,
        "audio_bos_token_id": AUDIO_OUT_BOS,
        "audio_delay_token_id": DELAY,
    }
    for entry, mark in ids.items():
        if getattr(config, entry) != tokens.id_of(mark):
            raise UserError(
                f"{folder / CONFIG}: {entry} is {getattr(config, entry)}, and tokenizer.json gives "
                f"{mark} the id {tokens.id_of(mark)}: the two files are of different models."
            )
    if tokens.num_tokens > config.vocab_size:
        raise UserError(
            f"{folder / CONFIG}: vocab_size is {config.vocab_size:,}, and tokenizer.json has "
            f"{tokens.num_tokens:,} tokens: the two files are of different models."
        )
