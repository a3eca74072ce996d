"""Figures over a whole set: each the sum over clips, and what tables of counts would have."""

import numpy as np
import pytest
import torch
from attrs import evolve

from engine.systems.xtts import evaluate as module
from engine.systems.xtts.evaluate import baselines, evaluate
from engine.systems.xtts.network.gpt import NUM_STOPS

WEIGHTS = {"mel_ce": 1.0, "text_ce": 0.01}


def test_each_figure_is_the_sum_over_the_clips_by_the_number_of_targets(make_xtts):
    system = make_xtts()
    clips, module = system.eval_clips, system.module
    found = evaluate(module, clips, WEIGHTS)
    batches = [module.prepare(clips.evaluated([index])) for index in range(len(clips))]
    with torch.no_grad():
        costs = [module.cost(batch) for batch in batches]
    sums = {name: sum(float(getattr(one, name)) for one in costs) for name in costs[0]._fields}
    mel, text = sums["audio_nats"] / sums["num_audio"], sums["text_nats"] / sums["num_text"]
    for name in ("mel_ce_increase_wrong_voice", "mel_ce_increase_wrong_text"):
        mean = np.average(found.per_clip[name], weights=clips_codes(clips))
        assert found.metrics.pop(f"eval/{name}") == pytest.approx(mean)
    assert found.metrics == {
        "eval/mel_ce": pytest.approx(mel, rel=1e-5),
        "eval/text_ce": pytest.approx(text, rel=1e-5),
        "eval/text_ce_weighted": pytest.approx(0.01 * text, rel=1e-5),
        "eval/loss": pytest.approx(mel + 0.01 * text, rel=1e-5),
        "eval/mel_accuracy": pytest.approx(sums["audio_correct"] / sums["num_audio"]),
        "eval/stop_ce": pytest.approx(sums["stop_nats"] / len(clips) / NUM_STOPS, rel=1e-5),
        "eval/codes": sum(len(codes) + NUM_STOPS for codes in clips.codes),
        "eval/clips": len(clips),
    }
    for name, sum_, number in (
        ("mel_ce", "audio_nats", "num_audio"),
        ("text_ce", "text_nats", "num_text"),
        ("mel_accuracy", "audio_correct", "num_audio"),
    ):
        alone = [float(getattr(one, sum_)) / float(getattr(one, number)) for one in costs]
        assert found.per_clip[name] == pytest.approx(alone, rel=1e-5)


def clips_codes(clips):
    return [len(codes) + NUM_STOPS for codes in clips.codes]


def test_a_clip_that_is_alone_in_its_batch_hears_and_reads_another_too(make_xtts, monkeypatch):
    system = make_xtts()
    monkeypatch.setattr(module, "_CLIPS_AT_ONCE", 1)
    found = evaluate(system.module, system.eval_clips, WEIGHTS)
    for name in ("mel_ce_increase_wrong_voice", "mel_ce_increase_wrong_text"):
        assert (found.per_clip[name] != 0.0).all()  # by itself it would be 0 to the bit


def test_what_goes_astray_is_another_speakers_voice_and_another_text_where_there_are_any(make_xtts):
    clips = make_xtts().eval_clips
    speakers = tuple("ab"[at % 3 == 0] for at in range(len(clips)))
    strangers = module._strangers(evolve(clips, speakers=speakers))
    assert all(speakers[at] != speakers[other] for at, other in enumerate(strangers["voice"]))
    for at, other in enumerate(strangers["text"]):
        assert clips.tokens[at].tolist() != clips.tokens[other].tolist()
    alone = module._strangers(evolve(clips, speakers=("a",) * len(clips)))
    assert all(at != other for at, other in enumerate(alone["voice"]))


def test_the_order_of_the_clips_and_the_size_of_the_batches_change_no_figure(
    make_xtts, monkeypatch
):
    system = make_xtts(dataset={"conditioning_seconds": (0.8, 1.0)})  # voices of all lengths
    found = evaluate(system.module, system.eval_clips, WEIGHTS)
    monkeypatch.setattr(module, "_CLIPS_AT_ONCE", 3)
    smaller = evaluate(system.module, system.eval_clips, WEIGHTS)
    assert smaller.metrics == pytest.approx(found.metrics, rel=1e-6, abs=1e-6)
    order = np.random.default_rng(0).permutation(len(system.eval_clips))
    again = evaluate(system.module, system.eval_clips.only(order), WEIGHTS)
    for name in found.per_clip:
        assert again.metrics[f"eval/{name}"] == pytest.approx(found.metrics[f"eval/{name}"])
        expected = pytest.approx(found.per_clip[name][order], rel=2e-6, abs=2e-6)
        assert again.per_clip[name] == expected, name


def test_the_same_weights_give_the_same_figures(make_xtts):
    system = make_xtts()
    assert system.evaluate().metrics == system.evaluate().metrics


def sequences(clips, rows):
    codes = tuple(np.array(row, np.int16) for row in rows)
    return evolve(clips.only(np.arange(len(rows))), codes=codes)


def test_a_bigram_foretells_what_follows_from_the_code_before_and_a_unigram_cannot(make_xtts):
    """0 to 7 again and again: each code is one of eight, and certain after the one before."""
    system = make_xtts()
    cycle = np.arange(3_200) % 8
    clips = sequences(system.eval_clips, [cycle, cycle])
    found = baselines(clips, clips, system.assets)
    tokens = system.assets.settings.num_audio_tokens
    assert found.metrics["baseline/uniform/mel_ce"] == pytest.approx(np.log(tokens))
    assert found.metrics["baseline/unigram/mel_ce"] == pytest.approx(np.log(8), rel=0.03)
    assert found.metrics["baseline/bigram/mel_ce"] < 0.15


def test_what_never_occurred_in_training_is_improbable_and_not_impossible(make_xtts):
    system = make_xtts()
    seen = sequences(system.eval_clips, [[0, 1] * 20])
    unseen = sequences(system.eval_clips, [[3, 4, 3, 4]])
    found = baselines(seen, unseen, system.assets)
    for name in ("unigram", "bigram"):
        ce = found.metrics[f"baseline/{name}/mel_ce"]
        assert found.metrics["baseline/uniform/mel_ce"] < ce < 20.0


def test_baselines_are_means_over_all_codes_and_have_a_figure_for_each_clip(make_xtts):
    system = make_xtts()
    found = system.baselines()
    num_codes = [len(codes) + NUM_STOPS for codes in system.eval_clips.codes]
    for name in ("uniform", "unigram", "bigram"):
        per_clip = found.per_clip[f"{name}/mel_ce"]
        mean = np.average(per_clip, weights=num_codes)
        assert found.metrics[f"baseline/{name}/mel_ce"] == pytest.approx(mean)
    assert found.metrics["baseline/unigram/mel_ce"] < found.metrics["baseline/uniform/mel_ce"]
