"""What the figures say of synthesizers that are made to be good, or bad in one way."""

import numpy as np
import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.metrics.pitch import median_f0
from engine.recipe import load_params
from engine.system_support.build import build_system
from engine.systems.rvc.evaluate import moved, semitones_between
from engine.systems.rvc.metrics import GUARDS
from engine.systems.rvc.resynthesis import Resynthesis
from engine.training.guards import Guards, Moment
from engine.training.model_selection import SelectionRule
from tests.metrics.judge_models import write_speaker_encoder
from tests.systems.rvc import singers
from tests.systems.rvc.conftest import small_recipe
from tests.systems.rvc.singers import follows


@pytest.fixture(scope="module")
def system(voices):
    torch.manual_seed(1)
    return build_system(small_recipe(), voices, load_params(voices.params))


@pytest.fixture
def evaluated(system, monkeypatch):
    def evaluate(singer):
        monkeypatch.setattr(Resynthesis, "convert", lambda _, *given: singer(*given))
        return system.evaluate()

    return evaluate


def breaches(metrics, name):
    """What the default guard of a metric says of an evaluation, from the start."""
    guard = evolve(GUARDS[name], at="always")
    guards = Guards({name: (guard,)}, SelectionRule("eval/mel", lowest=True, paired=True))
    return [breach.name for breach in guards.watch(metrics, Moment(1, 1))]


def test_one_that_follows_the_pitch_has_small_errors_and_passes_every_guard(evaluated):
    metrics = evaluated(follows).metrics
    assert metrics["eval/f0_cents"] < 30
    assert metrics["eval/octave_cents"] < 30
    assert metrics["eval/conversion/f0_cents"] < 30
    assert metrics["eval/voicing_error"] < 0.2
    for name in ("silent_share", "clicks", "voiceless_share"):
        assert metrics[f"eval/{name}"] == 0.0
    for name in ("eval/octave_cents", "eval/clicks", "eval/silent_share"):
        assert breaches(metrics, name) == []


def test_one_that_ignores_what_pitch_is_asked_is_told_by_the_octave(evaluated):
    metrics = evaluated(singers.ignores_pitch).metrics
    assert metrics["eval/f0_cents"] < 30  # as if all were well
    assert metrics["eval/octave_cents"] == pytest.approx(1200, abs=30)
    assert breaches(metrics, "eval/octave_cents")


def test_one_that_sings_one_note_is_told_by_both(evaluated):
    metrics = evaluated(singers.monotonous).metrics
    assert metrics["eval/f0_cents"] > 100
    assert breaches(metrics, "eval/octave_cents")


def test_one_that_falls_silent_is_told(evaluated):
    metrics = evaluated(singers.silent).metrics
    assert metrics["eval/silent_share"] == metrics["eval/conversion/silent_share"] == 1.0
    assert breaches(metrics, "eval/silent_share")


def test_one_that_has_no_voice_at_all_is_stopped_and_not_passed_over(evaluated):
    metrics = evaluated(singers.mute).metrics
    assert np.isnan(metrics["eval/octave_cents"])
    assert metrics["eval/voicing_error"] > 0.5
    assert metrics["eval/voiceless_share"] == metrics["eval/conversion/voiceless_share"] == 1.0
    assert breaches(metrics, "eval/voiceless_share")
    assert breaches(metrics, "eval/octave_cents")


def test_clicks_are_counted_and_warned_of(evaluated):
    metrics = evaluated(singers.clicking).metrics
    assert metrics["eval/clicks"] == pytest.approx(2 * 16, rel=0.1)  # a sample astray jumps twice
    assert breaches(metrics, "eval/clicks")


def test_an_offset_is_measured_and_warned_of(evaluated):
    assert breaches(evaluated(follows).metrics, "eval/offset") == []
    metrics = evaluated(singers.offset).metrics
    assert metrics["eval/offset"] == pytest.approx(0.2, abs=0.05)
    assert breaches(metrics, "eval/offset")


def test_what_is_not_finite_is_an_error_that_names_the_clip(evaluated):
    with pytest.raises(UserError, match=r"low/\d.*not finite"):
        evaluated(singers.lost)


def test_a_posterior_that_says_nothing_is_told_by_its_divergence(system, monkeypatch):
    kept = {name: value.clone() for name, value in system.module.state_dict().items()}
    assert breaches(system.evaluate().metrics, "eval/kl") == []
    with torch.no_grad():
        for encoder in (system.module.network.enc_q, system.module.network.enc_p):
            encoder.proj.weight.zero_()
            encoder.proj.bias.zero_()
    assert breaches(system.evaluate().metrics, "eval/kl")
    system.module.load_state_dict(kept)


def test_every_figure_of_a_held_out_clip_is_there_for_pairs_and_their_mean_is_the_metric(system):
    found = system.evaluate()
    assert {"mel", "mel_posterior", "kl", "f0_cents", "voicing_error"} <= found.per_clip.keys()
    assert {len(values) for values in found.per_clip.values()} == {len(system.eval_clips)}
    for name, values in found.per_clip.items():
        assert found.metrics[f"eval/{name}"] == pytest.approx(np.nanmean(values), nan_ok=True)


def test_the_same_weights_have_the_same_figures_and_torchs_generator_is_left_alone(system):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first, second = system.evaluate().metrics, system.evaluate().metrics
    assert first == pytest.approx(second, rel=0, abs=0, nan_ok=True)
    assert torch.equal(before, torch.get_rng_state())


def test_every_metric_is_declared(system):
    made = system.evaluate().metrics.keys()
    assert made <= system.recipe.metrics.keys()
    baselines = {name.split("/", 2)[2] for name in system.baselines().metrics}
    assert {f"eval/{name}" for name in baselines} <= system.recipe.metrics.keys()


def test_clips_to_convert_are_asked_for_at_the_median_of_the_voice(system):
    evaluator = system.evaluator
    assert [system.corpus.manifest.clips[c.source].speaker for c in evaluator.sources.conversions]
    for conversion in evaluator.sources.conversions:
        asked = evaluator.asked(conversion)
        assert median_f0(np.concatenate(asked.f0)) == pytest.approx(evaluator.medians[0], rel=0.01)
        assert asked.take is not None


def test_pitch_that_leaves_the_range_has_no_voice():
    f0 = np.array([0.0, 60.0, 200.0, 900.0], np.float32)
    assert moved(f0, 12.0).tolist() == [0.0, 120.0, 400.0, 0.0]
    assert moved(f0, -12.0).tolist() == [0.0, 0.0, 100.0, 450.0]
    assert semitones_between(100.0, 200.0) == pytest.approx(12.0)
    assert semitones_between(np.nan, 200.0) == 0.0


def test_likeness_of_voices_is_measured_where_a_speaker_encoder_is_named(voices):
    write_speaker_encoder(voices.root / "published" / "encoder")
    params = load_params(voices.params)
    models = evolve(params.speech_evaluation, speaker_encoder="published/encoder")
    torch.manual_seed(1)
    system = build_system(small_recipe(), voices, evolve(params, speech_evaluation=models))
    found = system.evaluate()
    assert -1.0 <= found.metrics["eval/similarity"] <= 1.0
    assert -1.0 <= found.metrics["eval/conversion/similarity"] <= 1.0
    assert "baseline/source/conversion/similarity" in system.baselines().metrics
    assert {"similarity", "conversion/similarity"} <= system.metric_units.keys()
    assert not any("similarity" in note for note in system.notes)
