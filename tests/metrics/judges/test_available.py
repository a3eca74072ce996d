import sys
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.files.packages import PackagedWeights
from engine.metrics.judges import dnsmos
from engine.metrics.judges.available import _MODULES, judge_named, judge_units, missing
from engine.metrics.judges.judge import LOWEST_MOS, JudgedAudio
from engine.recipe.judges import JUDGE_OF, JUDGES, require_language
from tests.metrics.judges.syllables import noisy, syllables

HERE = [name for name in JUDGES if name not in missing(JUDGES)]
"""Judges that this machine has."""
MOS = {figure for figure, judge in JUDGE_OF.items() if judge in ("dnsmos", "plcmos", "distillmos")}


def judged(name, samples, rate=16_000, **more):
    clip = syllables(2, rate)
    against = {"original": clip[: len(samples)], "voice": clip, "text": "words"} | more
    return judge_named(name).score(JudgedAudio(samples, rate, **against))


def test_every_judge_that_a_recipe_can_name_is_there_or_says_why_not():
    assert set(JUDGES) == set(_MODULES)
    for why in missing(JUDGES).values():
        assert "Install" in why


@pytest.mark.parametrize("name", HERE)
def test_a_judge_gives_its_figures_always_alike_and_says_who_it_is(name):
    clip = noisy(syllables(2, 22_050), 0.01)
    found = judged(name, clip, 22_050)
    assert found.keys() == JUDGES[name].figures.keys()
    assert judged(name, clip, 22_050) == pytest.approx(found, rel=1e-9, nan_ok=True)  # rounding
    for figure in MOS & found.keys():
        assert 1.0 <= found[figure] <= 5.0
    weights, units = _MODULES[name].WEIGHTS, judge_units(name, 22_050)
    assert units.keys() == found.keys()
    for unit in units.values():
        assert unit.programs[weights.package] == version(weights.package)
        assert unit.resampler
        assert len(unit.weights) == (64 if weights.files else 0)


@pytest.mark.parametrize("name", HERE)
def test_nothing_and_next_to_nothing_have_a_figure_or_none_and_no_error(name):
    for length in (0, 1, 2_000):
        for samples in (syllables(2, 44_100)[:length], np.zeros(length, np.float32)):
            found = judged(name, samples, 44_100)
            assert found.keys() == JUDGES[name].figures.keys()
            silent = not samples.any()
            assert all(np.isnan(found[f]) != silent for f in MOS & found.keys())


@pytest.mark.parametrize("name", [name for name in HERE if MOS & JUDGES[name].figures.keys()])
def test_silence_has_the_lowest_opinion_rather_than_none(name):
    assert set(judged(name, np.zeros(16_000, np.float32)).values()) == {LOWEST_MOS}


def test_a_judge_changes_neither_randomness_nor_threads_of_a_training():
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    for name in HERE:
        judge_named.__wrapped__(name)
        judged(name, syllables(1, 16_000))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads


@pytest.mark.skipif("resemblyzer" not in HERE, reason="resemblyzer is not installed")
def test_a_voice_is_like_itself_and_less_like_another_and_nobody_is_silence():
    clip, other = syllables(3, 16_000), syllables(3, 16_000, hertz=320)
    same, different = (
        judged("resemblyzer", one, voice=clip)["resemblyzer"] for one in (clip, other)
    )
    assert same == pytest.approx(1.0, abs=1e-5)
    assert different < 0.9
    assert judged("resemblyzer", np.zeros(16_000, np.float32), voice=clip)["resemblyzer"] == 0.0


@pytest.mark.skipif("swift_f0" not in HERE, reason="swift-f0 is not installed")
def test_the_pitch_of_a_voice_is_found():
    found = judged("swift_f0", syllables(2, 16_000, hertz=220))
    assert found["f0_median_hz"] == pytest.approx(220.0, rel=0.02)
    assert found["f0_spread_semitones"] < 0.5


@pytest.mark.skipif("silero_vad" not in HERE, reason="silero-vad is not installed")
def test_noise_is_no_speech():
    noise = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    found = judged("silero_vad", noise)
    assert found == {"speech_share": 0.0, "longest_pause_seconds": 2.0}


@pytest.mark.parametrize(
    ("name", "rate", "at_hz", "mode"),
    [
        ("pesq", 24_000, 16_000, "wb"),
        ("pesq", 8_000, 8_000, "nb"),
        ("visqol", 16_000, 16_000, "speech"),
        ("visqol", 24_000, 48_000, "audio"),
        ("dnsmos", 16_000, 16_000, None),
    ],
)
def test_a_unit_says_on_which_scale_and_from_which_rate_a_clip_was_judged(name, rate, at_hz, mode):
    if name not in HERE:
        pytest.skip(f"{name} is not installed")
    unit = next(iter(judge_units(name, rate).values()))
    assert (unit.sample_rate_hz, unit.parameters.get("mode")) == (at_hz, mode)
    assert bool(unit.resampler) == (rate != at_hz)


def test_a_package_that_is_not_installed_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "speechmos", None)
    assert missing(["dnsmos"])["dnsmos"] == (
        "the package 'speechmos' is not installed. Install it with: pip install 'cantus[judges]'."
    )
    with pytest.raises(UserError, match=r"'dnsmos' cannot be had here: the package 'speechmos'"):
        judge_named.__wrapped__("dnsmos")


@pytest.mark.skipif(find_spec("speechmos") is None, reason="speechmos is not installed")
def test_weights_that_have_changed_are_a_sentence(monkeypatch):
    path = "dnsmos_models/model_v8.onnx"
    other = PackagedWeights("speechmos", "speechmos", {path: "0" * 64})
    monkeypatch.setattr(dnsmos, "WEIGHTS", other)
    why = missing(["dnsmos"])["dnsmos"]
    assert f"the weights {path} of speechmos" in why
    assert "have changed: SHA-256 9246480c5856, not 000000000000." in why
    gone = PackagedWeights("speechmos", "speechmos", {"gone.onnx": "0" * 64})
    assert "no such file" in (gone.fault() or "")


def test_a_name_that_no_judge_has_is_told_the_nearest():
    with pytest.raises(UserError, match=r"There is no judge 'dnsmoss'.*Did you mean.*dnsmos"):
        judge_named("dnsmoss")


def test_judges_of_sound_take_any_language():
    for name in JUDGES:
        require_language(name, "hu")
