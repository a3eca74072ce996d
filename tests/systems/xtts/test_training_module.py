"""What is learned: means over all targets of a batch, by weights that know their own tokens."""

import numpy as np
import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.systems.xtts.network.gpt import NUM_STOPS
from engine.systems.xtts.recipe import Losses
from engine.training.part import weigh
from tests.systems.xtts.small_project import SMALL


def prepared(system, indices=range(4)):
    return system.module.prepare(system.train_clips.batch(indices, np.random.default_rng(0)))


def test_each_loss_is_the_sum_of_the_clips_nats_over_the_number_of_their_targets(make_xtts):
    system = make_xtts()
    batch = prepared(system)
    clips = system.train_clips
    with torch.no_grad():
        terms, cost = system.module.gpt(batch), system.module.cost(batch)
        alone = [system.module.cost(prepared_alone(system, batch, row)) for row in range(4)]
    num_text = [len(clips.tokens[index]) + 1 for index in range(4)]
    num_codes = [len(clips.codes[index]) + NUM_STOPS for index in range(4)]
    assert cost.num_text.tolist() == num_text
    assert cost.num_audio.tolist() == num_codes
    text = sum(float(one.text_nats) for one in alone) / sum(num_text)
    audio = sum(float(one.audio_nats) for one in alone) / sum(num_codes)
    stops = sum(float(one.stop_nats) for one in alone) / (4 * NUM_STOPS)
    right = sum(float(one.audio_correct) for one in alone) / sum(num_codes)
    assert float(terms.losses["text_ce"]) == pytest.approx(text, rel=1e-5)
    assert float(terms.losses["mel_ce"]) == pytest.approx(audio, rel=1e-5)
    assert float(terms.metrics["stop_ce"]) == pytest.approx(stops, rel=1e-5)
    assert float(terms.metrics["mel_accuracy"]) == pytest.approx(right)


def prepared_alone(system, batch, row):
    """One row of a batch, without its padding."""
    names = {"text": "text_lengths", "codes": "code_lengths", "voice": "voice_lengths"}
    cut = {name: batch[name][row : row + 1, : batch[by][row]] for name, by in names.items()}
    lengths = {by: batch[by][row : row + 1] for by in names.values()}
    return system.module.prepare({**cut, **lengths})


def test_before_anything_is_learned_every_token_costs_about_what_a_uniform_guess_does(make_xtts):
    system = make_xtts()
    with torch.no_grad():
        losses = system.module.gpt(prepared(system)).losses
    own = system.assets.settings
    assert float(losses["mel_ce"]) == pytest.approx(np.log(own.num_audio_tokens), rel=0.3)
    assert float(losses["text_ce"]) == pytest.approx(np.log(own.num_text_tokens), rel=0.3)


def test_a_term_without_weight_is_not_produced(make_xtts):
    for losses, names in ((Losses(), {"mel_ce", "text_ce"}), (Losses(text_ce=0.0), {"mel_ce"})):
        system = make_xtts(losses=losses)
        with torch.no_grad():
            terms = system.module.gpt(prepared(system))
        assert terms.losses.keys() == names
        (turn,) = system.turns
        total = sum(float(value) * turn.weights[name] for name, value in terms.losses.items())
        assert float(weigh(turn, terms, 0)) == pytest.approx(total)


@pytest.mark.parametrize("name", ["voice", "text"])
def test_another_clips_voice_or_text_moves_the_loss(make_xtts, name):
    system = make_xtts()
    assert (name, f"{name}_lengths") in system.preflight.conditioning
    batch = system.train_clips.batch(range(4), np.random.default_rng(0))
    swapped = {**batch, name: batch[name].roll(1, 0)}
    with torch.no_grad():
        terms = [system.module.gpt(system.module.prepare(one)) for one in (batch, swapped)]
    own, other = (float(one.losses["mel_ce"]) for one in terms)
    assert abs(own - other) > 1e-6


def test_a_voice_is_heard_as_if_it_were_alone_whatever_it_is_padded_with(make_xtts):
    """Mel spectrograms mirror a recording at its end: padding must not stand there instead."""
    system = make_xtts(dataset={"conditioning_seconds": (0.8, 1.0)})
    batch = system.eval_clips.evaluated(range(4))
    assert len(set(batch["voice_lengths"].tolist())) > 1
    loud = torch.nn.functional.pad(batch["voice"], (0, 5_000))
    for row, length in enumerate(batch["voice_lengths"].tolist()):
        loud[row, length:] = 0.5
    module = system.module
    made, padded = (module.prepare(one) for one in (batch, {**batch, "voice": loud}))
    for row, length in enumerate(batch["voice_lengths"].tolist()):
        alone = module.mel(batch["voice"][row : row + 1, :length])[0]
        assert made["frames"][row] == alone.shape[1]
        for one in (made, padded):
            assert torch.equal(one["mels"][row, :, : alone.shape[1]], alone)
    own, other = (module.cost(one).audio_nats for one in (made, padded))
    assert torch.equal(own, other)


@pytest.mark.parametrize(
    "other",
    [
        {"dataset": {"eval_share": 0.5}},  # codes fitted to other clips
        {"model": evolve(SMALL, num_merges=3), "rows": True},
        {"dataset": {"languages": ("hu", "en")}, "rows": True},
    ],
)
def test_weights_of_other_codes_or_another_vocabulary_are_refused(make_xtts, other):
    rows = other.pop("rows", False)
    given, own = make_xtts(**other).module.state_dict(), make_xtts().module
    if rows:  # as if the vocabularies were of one size: then nothing else would look wrong
        own_state = own.state_dict()
        given = {**own_state, "speaks": given["speaks"]}
    before = {name: value.clone() for name, value in own.state_dict().items()}
    with pytest.raises(UserError, match="another vocabulary or with other audio codes"):
        own.load_state_dict(given)
    assert all(torch.equal(value, before[name]) for name, value in own.state_dict().items())


def test_weights_of_the_same_tokens_are_taken_over(make_xtts):
    one, other = make_xtts().module, make_xtts().module
    with torch.no_grad():
        for parameter in one.parameters():
            parameter.add_(0.01)
    other.load_state_dict(one.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
