"""A small model asked what it predicts, sound and with something broken on purpose."""

import pytest
import torch

from engine.nn.precision import keep_frozen_in
from engine.systems.codec_lm import probes
from engine.systems.codec_lm.higgs.chat import HiggsChat
from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.network.trainable import adapt_network
from engine.systems.codec_lm.recipe import Adapters
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.systems.codec_lm.sequence.packing import pack
from tests.systems.codec_lm.tiny_higgs import CODEBOOKS, CODES, tiny_config, tiny_tokens

BOOKS = Codebooks(CODEBOOKS, CODES)


@pytest.fixture
def sequences():
    random, tokens = torch.Generator().manual_seed(0), tiny_tokens()
    chat, words = HiggsChat(tokens, BOOKS, "Speak."), torch.tensor(tokens.encode("one two"))

    def codes(frames):
        return torch.randint(0, CODES, (frames, CODEBOOKS), generator=random)

    return [chat.pieces(words, words, codes(n), codes(m)) for n, m in ((5, 14), (9, 11), (3, 20))]


def network_of(seed=0):
    torch.manual_seed(seed)
    return CodecLmNetwork(tiny_config()).eval()


def checks(network, sequences, start="fresh", step=0, **how):
    _, asked = probes.lm_probes(network, lambda _: sequences, BOOKS, start, **how)
    with torch.no_grad():
        return {check.name: check for check in asked({}, step)}


def test_fresh_weights_pass_what_they_can_tell_whatever_their_seed(sequences):
    for seed in range(20):
        found = checks(network_of(seed), sequences)
        assert [name for name, check in found.items() if check.ok is False] == []
        assert found["order of tokens"].ok is None
        assert found["decoding with a cache"].ok
    assert found["labels of codebook 3"].detail.startswith(f"all {14 + 11 + 20 + 3} are")
    assert found["labels of text"].detail.startswith("all 9 are")


def test_predictions_cost_what_training_pays(sequences):
    network, packed = network_of(), pack(sequences, "cpu")
    with torch.no_grad():
        found, cost = probes.predictions(network, sequences, BOOKS), network(packed)
    audio = torch.tensor([one.nats for one in found[:CODEBOOKS]])
    assert torch.allclose(audio, cost.audio_nats.sum(0) / cost.num_audio.sum(0))
    assert found[-1].nats == pytest.approx(float(cost.text_ce))


def test_labels_that_are_shifted_once_more_in_packing_are_named(sequences, monkeypatch):
    def shifted(sequences, device):
        packed = pack(sequences, device)
        return packed._replace(audio_from=(packed.audio_from - 1).clamp(min=0))

    monkeypatch.setattr(probes, "pack", shifted)
    monkeypatch.setattr(probes, "decoding", lambda *_: probes.Decoding(forced=[], cached=[]))
    said = checks(network_of(), sequences)["labels of codebook 2"]
    assert said.ok is False
    assert said.detail.startswith("the labels are shifted by two positions")


def test_a_decoder_with_other_positions_is_named_with_the_first_that_differs(
    sequences, monkeypatch
):
    whole = probes.cached_logits
    monkeypatch.setattr(
        probes, "cached_logits", lambda model, prompt, columns: whole(model, prompt[1:], columns)
    )
    said = checks(network_of(), sequences)["decoding with a cache"]
    assert said.ok is False
    assert "from position 0 of clip 0 on" in said.detail


def test_published_weights_that_know_nothing_are_refused(sequences):
    said = checks(network_of(), sequences, start="published")["cross-entropy by chance"]
    assert said.ok is False
    assert "were they loaded" in said.detail


def test_a_new_text_head_beside_published_weights_may_know_nothing_yet(sequences):
    network, packed = network_of(), pack(sequences, "cpu")
    audio, text = network.model.audio_lm_head, network.model.text_lm_head
    for head in (audio, text):
        head.weight.data.zero_()
    codes = torch.cat([torch.arange(CODES) + k * (CODES + 2) for k in range(CODEBOOKS)])
    audio.register_forward_hook(lambda _, __, out: out.index_fill(-1, codes, 0.1))
    text.register_forward_hook(lambda _, __, out: out.index_fill(-1, packed.text_labels, -0.1))
    said = "cross-entropy by chance"
    refused = checks(network, sequences, start="published")[said]
    assert refused.ok is False
    assert refused.detail.startswith("text costs")
    assert checks(network, sequences, start="published", new_text_head=True)[said].ok


def test_adapters_beside_weights_in_bf16_are_asked_as_they_are_trained(sequences):
    network = network_of()
    adapt_network(network, 32, Adapters(rank=4))
    keep_frozen_in(network, torch.bfloat16)
    found = checks(network, sequences)
    assert [name for name, check in found.items() if check.ok is False] == []
