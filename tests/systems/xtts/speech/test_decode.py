"""Against upstream's generate; and rows that are independent, limited and repeatable."""

from copy import deepcopy

import pytest
import torch

from engine.systems.xtts.speech.decode import Sampling, choose, decode

TEXTS = [[5, 9, 12, 4, 20], [7], [11, 6, 6, 29, 14, 8, 21]]


@pytest.fixture
def voice(clips):
    def of(network):
        with torch.no_grad():
            return network.condition(clips.mels)

    return of


def greedy(penalty=10.0):
    return Sampling(greedy=True, repetition_penalty=penalty)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def without_stop(network):
    with torch.no_grad():
        network.mel_head.bias[-1] = -100.0
    return network


@pytest.mark.parametrize("penalty", [1.0, 2.0, 10.0])
@pytest.mark.parametrize("text", TEXTS)
def test_greedy_codes_are_upstreams(same_gpt, upstream_speaker, voice, text, penalty):
    latents = voice(same_gpt)[:1]
    settings = {"do_sample": False, "num_beams": 1, "repetition_penalty": penalty}
    with torch.no_grad():
        theirs = upstream_speaker.generate(latents, torch.tensor([text]), **settings)[0]
    ours = decode(same_gpt, latents, [text], greedy(penalty))
    stop = [65] if ours.stopped[0] else []
    assert ours.codes[0].tolist() + stop == theirs.tolist()


def test_greedy_codes_are_upstreams_up_to_where_they_are_cut_off(same_gpt, upstream_speaker, voice):
    latents, endless = voice(same_gpt)[:1], without_stop(deepcopy(upstream_speaker))
    settings = {"do_sample": False, "num_beams": 1, "repetition_penalty": 10.0}
    with torch.no_grad():
        theirs = endless.generate(latents, torch.tensor([TEXTS[0]]), **settings)[0]
    ours = decode(without_stop(same_gpt), latents, [TEXTS[0]], greedy())
    assert ours.codes[0].tolist() == theirs.tolist()
    assert len(ours.codes[0]) == same_gpt.settings.max_spoken
    assert ours.stopped == [False]


def test_texts_of_different_lengths_say_together_what_each_says_alone(gpt, voice):
    latents = voice(gpt)
    together = decode(without_stop(gpt), latents, TEXTS, greedy())
    for row, text in enumerate(TEXTS):
        alone = decode(gpt, latents[row : row + 1], [text], greedy())
        assert together.codes[row].tolist() == alone.codes[0].tolist()
        assert len(set(alone.codes[0].tolist())) > 10


def test_a_row_that_has_stopped_stays_silent_while_others_speak(gpt, voice):
    ours = decode(gpt, voice(gpt)[:1], [TEXTS[0]] * 8, Sampling(), seeded(3))
    lengths, limit = [len(codes) for codes in ours.codes], gpt.settings.max_spoken
    assert len(set(lengths)) > 2
    assert ours.stopped == [length < limit for length in lengths]
    assert all((codes != 65).all() for codes in ours.codes)


def test_the_same_seed_says_the_same_and_another_something_else(gpt, voice):
    latents = voice(gpt)[:1]

    def said(seed):
        spoken = decode(without_stop(gpt), latents, [TEXTS[0]] * 2, Sampling(), seeded(seed), 12)
        return [codes.tolist() for codes in spoken.codes]

    assert said(1) == said(1)
    assert said(1) != said(2)
    assert said(1)[0] != said(1)[1]


def test_a_row_that_never_stops_ends_at_the_limit_and_says_so(gpt, voice):
    latents = voice(gpt)[:1]
    ours = decode(without_stop(gpt), latents, [TEXTS[0]], Sampling(), seeded(0), max_codes=5)
    assert len(ours.codes[0]) == 5
    assert ours.stopped == [False]
    beyond = decode(gpt, latents, [TEXTS[0]], Sampling(), seeded(0), max_codes=10_000)
    assert len(beyond.codes[0]) == gpt.settings.max_spoken


def test_codes_may_be_passed_on_to_what_learns_from_them(gpt, voice):
    latents = voice(gpt)[:1]
    codes = decode(without_stop(gpt), latents, [TEXTS[0]], greedy(), max_codes=6).codes[0]
    text = torch.tensor([TEXTS[0]])
    gpt(latents, text, [text.shape[1]], codes[None], [len(codes)]).audio_nats.sum().backward()
    assert gpt.mel_head.weight.grad is not None


def test_the_cache_says_what_passing_everything_again_says(gpt, voice):
    latents, text = voice(gpt)[:1], torch.tensor([TEXTS[0]])
    codes = decode(without_stop(gpt), latents, [TEXTS[0]], greedy(1.0), max_codes=20).codes[0]
    with torch.no_grad():
        heard = gpt.latents(latents, text, [text.shape[1]], codes[None], [len(codes)])[0]
        again = gpt.mel_head(heard)
    assert again.argmax(1).tolist() == codes.tolist()


def test_a_gpt_in_training_mode_is_refused(gpt, voice):
    latents = voice(gpt)[:1]
    with pytest.raises(AssertionError):
        decode(gpt.train(), latents, [TEXTS[0]], greedy())


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(temperature=1.3, top_k=5, top_p=1.0, repetition_penalty=1.0),
        Sampling(temperature=0.5, top_k=0, top_p=0.6, repetition_penalty=2.0),
        Sampling(temperature=1.0, top_k=3, top_p=0.01),
    ],
)
def test_codes_are_drawn_as_often_as_transformers_draws_them(sampling):
    from transformers import generation as upstream

    scores = 3 * torch.randn(1, 40, generator=seeded(0))
    said = torch.tensor([[4, 7, 30]])
    order = [upstream.RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty)]
    order += [upstream.TemperatureLogitsWarper(sampling.temperature)]
    order += [upstream.TopKLogitsWarper(sampling.top_k)] if sampling.top_k else []
    order += [upstream.TopPLogitsWarper(sampling.top_p)]
    expected = scores
    for processor in order:
        expected = processor(said, expected)
    expected = expected.softmax(1)[0]

    heard = torch.zeros(1, 40, dtype=torch.bool)
    heard[:, said[0]] = True
    rows = 40_000
    drawn = choose(scores.expand(rows, -1), heard.expand(rows, -1), sampling, seeded(1))
    frequency = drawn.bincount(minlength=40) / rows
    assert not frequency[expected == 0].any()
    torch.testing.assert_close(frequency, expected, rtol=0.0, atol=0.015)
