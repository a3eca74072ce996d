"""What the network computes is what transformers computes, of each clip alone."""

import math
from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor

from engine.systems.codec_lm.network import costs
from engine.systems.codec_lm.network.costs import PerClip
from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.pieces import AudioPiece, Piece, TextPiece
from tests.systems.codec_lm.network.tiny import (
    BOOKS,
    CHAT,
    conversations,
    fresh_network,
    inputs_of_transformers,
    packed,
    tiny_network,
)

_TARGET = -2
"""The target audio's place among the pieces of a conversation."""


# ---- equal to transformers ----


@torch.no_grad()
def test_audio_logits_are_those_of_transformers_before_each_learned_column() -> None:
    network, sequences = tiny_network(), conversations()
    _, ours = network.logits(packed(sequences))
    expected = [
        _logits_of_transformers(network, pieces)[_start_of_target(pieces) : -3]
        for pieces in sequences
    ]
    torch.testing.assert_close(ours, torch.cat(expected), rtol=0, atol=1e-5)


@torch.no_grad()
def test_text_logits_are_those_of_transformers_before_each_learned_token() -> None:
    network, sequences = tiny_network(), conversations()
    heads = network.model
    heads.audio_lm_head, audio_head = heads.get_submodule("text_lm_head"), heads.audio_lm_head
    rows = [_flat_logits_of_transformers(network, pieces) for pieces in sequences]
    heads.audio_lm_head = audio_head
    expected = [
        row[[_start_of_target(pieces) - 2, -3, -2]]
        for row, pieces in zip(rows, sequences, strict=True)
    ]
    ours, _ = network.logits(packed(sequences))
    torch.testing.assert_close(ours, torch.cat(expected), rtol=0, atol=1e-5)


@pytest.mark.parametrize("padded_left", [False, True])
def test_loss_and_gradients_are_those_of_transformers_for_padded_batches(padded_left: bool) -> None:
    network, sequences = tiny_network(), conversations()
    theirs = network.model(**inputs_of_transformers(sequences, padded_left=padded_left)).loss
    theirs.backward()
    expected = _gradients(network)
    ours = _loss(network(packed(sequences)))
    ours.backward()
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
    _require_equal(_gradients(network), expected)


def test_every_parameter_gets_a_gradient() -> None:
    network = tiny_network()
    _loss(network(packed())).backward()
    assert all(gradient.abs().max() > 0 for gradient in _gradients(network).values())


# ---- each clip alone ----


@torch.no_grad()
def test_a_clip_costs_alone_what_it_costs_in_a_batch() -> None:
    network, sequences = tiny_network(), conversations()
    together = network(packed(sequences))
    for clip, pieces in enumerate(sequences):
        alone = network(packed([pieces]))
        for ours, theirs in zip(alone, together, strict=True):
            torch.testing.assert_close(ours[0], theirs[clip], rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_sums_are_those_of_the_logits() -> None:
    network, batch = tiny_network(), packed()
    _, logits = network.logits(batch)
    asked = batch.audio_labels != IGNORED
    labels = batch.audio_labels.clamp_min(0)[..., None]
    nats = -logits.log_softmax(-1).gather(-1, labels)[..., 0] * asked
    correct = (logits.argmax(-1) == batch.audio_labels).float()
    cost = network(batch)
    for clip in range(len(batch.rows)):
        own = batch.audio_clips == clip
        ends = nats[own] * (batch.audio_labels[own] == BOOKS.eos)
        torch.testing.assert_close(cost.audio_nats[clip], nats[own].sum(0))
        torch.testing.assert_close(cost.end_nats[clip], ends.sum(0))
        assert torch.equal(cost.audio_correct[clip], correct[own].sum(0))
        assert torch.equal(cost.num_audio[clip], asked[own].sum(0).float())


def test_a_batch_has_as_many_labels_as_its_targets_have_codes_and_ends() -> None:
    sequences = conversations()
    cost = tiny_network()(packed(sequences))
    frames = [_target(pieces).columns.shape[0] - BOOKS.num_codebooks - 1 for pieces in sequences]
    assert cost.num_audio.tolist() == [[n + 1] * BOOKS.num_codebooks for n in frames]
    assert cost.num_text.tolist() == [3] * len(sequences)


@torch.no_grad()
def test_no_logits_depend_on_what_comes_later_or_on_another_clip() -> None:
    network, sequences = tiny_network(), conversations()
    before = packed(sequences)
    target = _target(sequences[1])
    changed = 4
    target.columns[changed:] = (target.columns[changed:] + 1) % BOOKS.codebook_size
    _, logits = network.logits(before)
    _, after = network.logits(packed(sequences))
    moved = (logits - after).abs().amax((1, 2)) > 0
    own = before.audio_clips == 1
    assert not moved[~own].any()
    assert not moved[own][:changed].any()
    assert moved[own][changed:].all()


@torch.no_grad()
def test_another_reference_changes_every_logit_of_its_clip() -> None:
    network, sequences = tiny_network(), conversations()
    _, logits = network.logits(packed(sequences))
    reference = sequences[0][1]
    assert isinstance(reference, AudioPiece)
    reference.columns[1:-4] = (reference.columns[1:-4] + 1) % BOOKS.codebook_size
    batch = packed(sequences)
    _, after = network.logits(batch)
    moved = (logits - after).abs().amax((1, 2)) > 0
    assert torch.equal(moved, batch.audio_clips == 0)


# ---- the same in less memory, in other types, with adapters ----


def test_checkpointed_layers_give_the_same_bits() -> None:
    plain, checkpointed = tiny_network(), tiny_network(activation_checkpointing=True)
    cost, same = plain(packed()), checkpointed(packed())
    assert all(torch.equal(a, b) for a, b in zip(cost, same, strict=True))
    _loss(cost).backward()
    _loss(same).backward()
    theirs = _gradients(checkpointed)
    assert all(torch.equal(grad, theirs[name]) for name, grad in _gradients(plain).items())


def test_heads_in_parts_give_the_same_costs_and_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    network = tiny_network()
    whole = network(packed())
    _loss(whole).backward()
    expected = _gradients(network)
    monkeypatch.setattr(costs, "MOST_LOGITS", 5 * BOOKS.num_codebooks * BOOKS.num_entries)
    in_parts = network(packed())
    _loss(in_parts).backward()
    for ours, theirs in zip(in_parts, whole, strict=True):
        torch.testing.assert_close(ours, theirs)
    _require_equal(_gradients(network), expected)


@pytest.mark.parametrize("weights", [torch.float32, torch.bfloat16])
def test_bf16_costs_about_the_same_and_is_summed_in_fp32(weights: torch.dtype) -> None:
    network, batch = tiny_network(), packed()
    expected = network(batch).audio_ce
    network.keep_weights_in(weights)
    with torch.autocast("cpu", torch.bfloat16, enabled=weights == torch.float32):
        cost = network(batch)
    assert all(one.dtype == torch.float32 for one in cost)
    torch.testing.assert_close(cost.audio_ce, expected, rtol=0.01, atol=0)
    _loss(cost).backward()
    assert all(p.grad is not None and p.grad.dtype == weights for p in network.parameters())


def test_rotary_frequencies_in_bf16_are_noticed() -> None:
    with pytest.raises(AssertionError, match="keep_weights_in"):
        tiny_network().to(torch.bfloat16)(packed())


def test_wrapped_linear_layers_take_part() -> None:
    """As low-rank adapters wrap them: a module of another class in the place of each."""
    network = tiny_network()
    expected = network(packed()).audio_ce
    for name, module in list(network.named_modules()):
        if isinstance(module, torch.nn.Linear):
            parent, _, place = name.rpartition(".")
            setattr(network.get_submodule(parent), place, _Adapted(module))
    cost = network(packed())
    torch.testing.assert_close(cost.audio_ce, expected)
    _loss(cost).backward()
    assert all(m.scale.grad for m in network.modules() if isinstance(m, _Adapted))


@pytest.mark.slow
def test_the_network_is_one_graph_for_torch_compile_whatever_the_lengths() -> None:
    network = tiny_network()
    compiled = torch.compile(network, dynamic=True, fullgraph=True, backend="eager")
    for sequences in (conversations(), conversations()[1:]):
        batch = packed(sequences)
        torch.testing.assert_close(compiled(batch).audio_ce, network(batch).audio_ce)


# ---- before it has learned ----


def test_fresh_weights_follow_the_seed_alone() -> None:
    one, same, other = (fresh_network(seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


@torch.no_grad()
def test_fresh_weights_take_every_entry_for_equally_likely() -> None:
    cost = fresh_network(1)(packed())
    by_codebook = cost.audio_nats.sum(0) / cost.num_audio.sum(0)
    uniform = torch.full_like(by_codebook, math.log(BOOKS.num_entries))
    torch.testing.assert_close(by_codebook, uniform, rtol=0, atol=0.1)
    assert cost.text_ce.item() == pytest.approx(math.log(CHAT.tokens.num_tokens), abs=0.1)


class _Adapted(torch.nn.Module):
    """A linear layer with something beside it, which adds nothing yet."""

    def __init__(self, base_layer: torch.nn.Module) -> None:
        super().__init__()
        self.base_layer, self.scale = base_layer, torch.nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        linear: Tensor = self.base_layer(x)
        return linear + self.scale * linear.detach()


def _loss(cost: PerClip) -> Tensor:
    """As transformers sums it."""
    return BOOKS.num_codebooks * cost.audio_ce + cost.text_ce


def _gradients(network: CodecLmNetwork) -> dict[str, Tensor]:
    """Of all parameters, which then have none."""
    named = dict(_named_gradients(network))
    network.zero_grad()
    return named


def _named_gradients(network: CodecLmNetwork) -> Iterator[tuple[str, Tensor]]:
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        yield name, parameter.grad.clone()


def _require_equal(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient, theirs[name], rtol=0, atol=2e-6, msg=name)


def _logits_of_transformers(network: CodecLmNetwork, pieces: Sequence[Piece]) -> Tensor:
    """Of a conversation alone, [positions, K, entries]."""
    logits = _flat_logits_of_transformers(network, pieces)
    return logits.view(len(logits), BOOKS.num_codebooks, BOOKS.num_entries)


def _flat_logits_of_transformers(network: CodecLmNetwork, pieces: Sequence[Piece]) -> Tensor:
    inputs = inputs_of_transformers([pieces])
    given = {name: value for name, value in inputs.items() if "labels" not in name}
    logits: Tensor = network.model(**given).logits[0]
    return logits


def _start_of_target(pieces: Sequence[Piece]) -> int:
    """The position of the target's first column."""
    before = pieces[:_TARGET]
    return sum(len(p.ids) if isinstance(p, TextPiece) else len(p.columns) for p in before)


def _target(pieces: Sequence[Piece]) -> AudioPiece:
    target = pieces[_TARGET]
    assert isinstance(target, AudioPiece)
    return target
