"""What keeps weights from fitting a network, in words that say why."""

import re
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen
from torch import Tensor, nn

from engine.errors import UserError

_NAMED = 3
Tensors = Mapping[str, Tensor]


@frozen
class Differences:
    """Tensors that a network and weights do not have in common, by name."""

    missing: Sequence[str]
    """The network's, not among the weights."""
    left_over: Sequence[str]
    """Among the weights, not the network's."""
    other_shape: Mapping[str, tuple[Sequence[int], Sequence[int]]]
    """In both, with other shapes: the network's and the given one."""
    num_own: int
    """Tensors of the network."""
    reasons: Sequence[str]
    """Sentences on where that is likely to come from, and what to do."""

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.missing or self.left_over or self.other_shape)

    def __str__(self) -> str:
        """How many differ, the first of them by name, and the reasons."""
        shapes = [
            f"{name} {list(given)} instead of {list(own)}"
            for name, (own, given) in self.other_shape.items()
        ]
        kinds = {"missing": self.missing, "too many": self.left_over, "of another shape": shapes}
        parts = [f"{len(said)} {kind} ({_some(said)})" for kind, said in kinds.items() if said]
        num_wrong = len(self.missing) + len(shapes)
        return " ".join(
            [
                f"{num_wrong} of {self.num_own} tensors do not fit: {'; '.join(parts)}.",
                *self.reasons,
            ]
        )


def differences(own: Tensors, given: Tensors) -> Differences:
    """Compare a network's state dict with the weights that it is to have; values do not count."""
    shared = own.keys() & given.keys()
    return Differences(
        missing=[name for name in own if name not in given],
        left_over=[name for name in given if name not in own],
        other_shape={
            name: (tuple(own[name].shape), tuple(given[name].shape))
            for name in own
            if name in shared and own[name].shape != given[name].shape
        },
        num_own=len(own),
        reasons=[said for reason in _REASONS if (said := reason(own, given))],
    )


def load_strictly(network: nn.Module, given: Tensors, source: object) -> None:
    """Give a network exactly these weights, which come from `source` (a file, say).

    Raises UserError, with nothing loaded, where names or shapes differ or a value is not finite.
    """
    if found := differences(network.state_dict(), given):
        raise UserError(f"{source} does not fit this model: {found}")
    broken = [name for name, value in given.items() if not bool(value.isfinite().all())]
    if broken:
        raise UserError(f"{source} is damaged: NaN or infinity in {_some(broken)}.")
    network.load_state_dict(dict(given), strict=True)


def _foreign(own: Tensors, given: Tensors) -> str | None:
    if own.keys() & given.keys():
        return None
    what = "It is a DVAE." if "codebook.embed" in given else "It is of something else."
    return f"No tensor has a name of this network's. {what}"


def _first_version(own: Tensors, given: Tensors) -> str | None:
    if "conditioning_perceiver.latents" in own and "prompt_embedding.weight" in given:
        return "They are the weights of XTTS v1, which has no perceiver; XTTS v2 is needed."
    return None


def _layers(own: Tensors, given: Tensors) -> str | None:
    ours, theirs = _num_layers(own), _num_layers(given)
    if not theirs or ours == theirs:
        return None
    return f"Another architecture: the weights have {theirs} layers, and the model {ours}."


def _width(own: Tensors, given: Tensors) -> str | None:
    ours, theirs = _size(own, "final_norm.weight"), _size(given, "final_norm.weight")
    if ours == theirs or theirs is None:
        return None
    return f"Another architecture: the weights are {theirs} wide, and the model {ours}."


def _rows(name: str, sentence: str) -> Callable[[Tensors, Tensors], str | None]:
    """A reason that holds where a table of the same width has other rows."""

    def reason(own: Tensors, given: Tensors) -> str | None:
        ours, theirs = _size(own, name), _size(given, name)
        if ours is None or theirs is None or ours == theirs:
            return None
        return sentence.format(ours=ours, theirs=theirs, apart=abs(ours - theirs))

    return reason


def _codebook(own: Tensors, given: Tensors) -> str | None:
    name = "codebook.embed"
    if name not in own or name not in given or own[name].shape == given[name].shape:
        return None
    (dim, codes), (their_dim, their_codes) = own[name].shape, given[name].shape
    return (
        f"Another DVAE: it has {their_codes} codes of {their_dim} values instead of {codes} of "
        f"{dim}. Name the dvae.pth that was published with the GPT."
    )


_REASONS: Sequence[Callable[[Tensors, Tensors], str | None]] = (
    _foreign,
    _first_version,
    _layers,
    _width,
    _rows(
        "text_embedding.weight",
        "Another vocabulary: the weights have {theirs} text tokens and the model {ours}, {apart} "
        "apart. Name the vocab.json that was published with them.",
    ),
    _rows(
        "mel_embedding.weight",
        "Another number of audio codes: the weights have {theirs} with START and STOP, and the "
        "model {ours}: they belong to another DVAE, or to another version of XTTS.",
    ),
    _rows(
        "text_pos_embedding.emb.weight",
        "Texts of another length: the weights have {theirs} positions for text, the model {ours} "
        "(gpt_max_text_tokens of config.json, and 2).",
    ),
    _rows(
        "mel_pos_embedding.emb.weight",
        "Audio of another length: the weights have {theirs} positions for codes, the model {ours} "
        "(gpt_max_audio_tokens of config.json, and 3).",
    ),
    _codebook,
)


def _num_layers(state: Tensors) -> int:
    found = (re.match(r"gpt\.h\.(\d+)\.", name) for name in state)
    return len({layer[1] for layer in found if layer})


def _size(state: Tensors, name: str) -> int | None:
    return state[name].shape[0] if name in state and state[name].ndim else None


def _some(said: Sequence[str]) -> str:
    more = len(said) - _NAMED
    return ", ".join(said[:_NAMED]) + (f" and {more} more" if more > 0 else "")
