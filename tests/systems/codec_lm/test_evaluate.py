"""What is measured of evaluation clips, with their own conditions and with others'."""

import numpy as np
import pytest
import torch

from engine.systems.codec_lm.evaluate import evaluate, strangers_of
from engine.systems.codec_lm.higgs.config import scratch_config
from engine.systems.codec_lm.recipe import Losses
from engine.systems.codec_lm.training_module import CodecLmTrainingModule
from tests.systems.codec_lm.voices_project import SMALL


@pytest.fixture(scope="module")
def weights():
    return Losses(audio_ce=2.0, text_ce=0.5)


@pytest.fixture
def utterances(make_utterances):
    return make_utterances(dataset={"num_seen_clips": 4})


@pytest.fixture
def module(utterances, make_recipe):
    torch.manual_seed(0)
    assets = utterances.assets
    config = scratch_config(SMALL, assets.chat.codebooks, assets.tokens)
    return CodecLmTrainingModule(make_recipe(), assets, config).eval()


def test_a_stranger_has_another_voice_or_another_text(utterances):
    clips = utterances.evaluation
    strangers = strangers_of(clips)
    for place, (reference, text) in enumerate(zip(*strangers, strict=True)):
        assert clips.speakers[reference] != clips.speakers[place]
        assert clips.texts[text].tolist() != clips.texts[place].tolist()


def test_without_another_speaker_or_text_there_is_no_gain(utterances, module, weights):
    clips = utterances.evaluation
    voice = clips.speakers[0]
    alone = clips.only(np.flatnonzero([one == voice for one in clips.speakers]))
    nobody = alone.only(np.array([], np.int64))
    found = evaluate(module, alone, nobody, weights).metrics
    assert "eval/reference_gain" not in found
    assert "eval/text_gain" in found
    assert not any(name.startswith("eval/seen") for name in found)


def test_figures_are_means_over_codes_and_the_loss_weighs_them(utterances, module, weights):
    clips = utterances.evaluation
    found = evaluate(module, clips, utterances.seen, weights)
    own = found.metrics
    books = [own[f"eval/codebook_{k}/ce"] for k in range(1, 5)]
    assert own["eval/audio_ce"] == pytest.approx(np.mean(books))
    assert own["eval/loss"] == pytest.approx(2 * own["eval/audio_ce"] + 0.5 * own["eval/text_ce"])
    codes = clips.num_frames + 1
    for name in ("audio_ce", "reference_gain", "text_gain", "accuracy"):
        mean = np.average(found.per_clip[name], weights=codes)
        assert own[f"eval/{name}"] == pytest.approx(mean, abs=1e-6)


def test_figures_do_not_depend_on_the_order_of_the_clips(utterances, module, weights):
    clips = utterances.evaluation
    turned = clips.only(np.arange(len(clips))[::-1])
    one, other = (evaluate(module, each, utterances.seen, weights) for each in (clips, turned))
    assert one.metrics.keys() == other.metrics.keys()
    for name, value in one.metrics.items():
        assert other.metrics[name] == pytest.approx(value, abs=1e-5)


def test_a_network_that_is_given_no_reference_gains_nothing_by_it(utterances, module, weights):
    """Attention adds nothing in it."""
    before = evaluate(module, utterances.evaluation, utterances.seen, weights).metrics
    assert abs(before["eval/reference_gain"]) > 1e-6
    with torch.no_grad():
        for layer in module.network.model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
    deaf = evaluate(module, utterances.evaluation, utterances.seen, weights).metrics
    assert deaf["eval/reference_gain"] == pytest.approx(0.0, abs=1e-7)
    assert deaf["eval/seen/reference_gain"] == pytest.approx(0.0, abs=1e-7)
    assert deaf["eval/text_gain"] == pytest.approx(0.0, abs=1e-7)


def test_a_step_in_parts_weighs_codes_by_how_many_there_are(utterances, module):
    clips = utterances.training
    batch = clips.evaluated(list(range(4)))
    counted = module.num_targets(batch)["audio_ce"]
    cost = module.cost(module.prepare(batch))
    assert counted == cost.num_audio.sum() == 4 * (clips.num_frames[:4] + 1).sum()
