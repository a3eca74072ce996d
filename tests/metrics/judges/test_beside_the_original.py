"""PESQ, STOI, ViSQOL and the error of the pitch: judges that compare with an original."""

import sys
import warnings

import numpy as np
import pytest

from engine.metrics.judges.available import judge_named, missing
from engine.metrics.judges.judge import LOWEST_MOS, JudgedAudio
from tests.metrics.judges.syllables import noisy, syllables


def figure(judge, original, samples, rate):
    if judge in missing([judge]):
        pytest.skip(missing([judge])[judge])
    return judge_named(judge).score(JudgedAudio(samples, rate, original=original))[judge]


@pytest.mark.parametrize(
    ("judge", "rate"),
    [
        *((judge, rate) for judge in ("pesq", "stoi") for rate in (8_000, 16_000, 22_050)),
        ("visqol", 16_000),
    ],
)
def test_the_less_noise_the_better(judge, rate):
    clip = syllables(2, rate)
    worst, middle, same = (
        figure(judge, clip, noisy(clip, level), rate) for level in (0.03, 0.001, 0.0)
    )
    assert worst < middle < same
    assert same == pytest.approx(1.0, abs=0.01) if judge == "stoi" else same > 4.4


def test_visqol_has_an_audio_mode_above_16_khz():
    clip = syllables(2, 22_050)
    worst, same = (figure("visqol", clip, noisy(clip, level), 22_050) for level in (0.03, 0.0))
    assert 1.0 <= worst < same
    assert 4.6 < same < 4.8, "speech mode ends at 5"


@pytest.mark.parametrize("rate", [16_000, 22_050])
def test_visqol_has_a_figure_or_none_of_short_clips(rate):
    for seconds in (0.3, 0.6, 0.9, 1.0):
        clip = syllables(2, rate)[: round(seconds * rate)]
        found = figure("visqol", clip, clip, rate)
        assert np.isnan(found) or found > LOWEST_MOS


def test_pesq_is_wide_band_from_16_khz_on_and_narrow_band_below():
    theirs = pytest.importorskip("pesq").pesq
    for rate, band in ((16_000, "wb"), (8_000, "nb")):
        clip = syllables(2, rate)
        expected = theirs(rate, clip, noisy(clip, 0.02), band)
        assert figure("pesq", clip, noisy(clip, 0.02), rate) == pytest.approx(expected, abs=1e-4)


def test_pesq_of_more_utterances_than_it_can_hold_is_the_mean_of_the_parts():
    clip = syllables(45, 8_000)
    decoded = noisy(clip, 0.02)
    parts = [
        figure("pesq", *both, 8_000)
        for both in zip(np.split(clip, 3), np.split(decoded, 3), strict=True)
    ]
    assert figure("pesq", clip, decoded, 8_000) == pytest.approx(np.mean(parts), abs=1e-6)


@pytest.mark.parametrize("judge", ["pesq", "stoi", "visqol"])
def test_clips_that_are_too_short_or_without_speech_have_no_figure_and_no_warning(judge):
    clip = syllables(2, 16_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        assert np.isnan(figure(judge, np.zeros_like(clip), clip, 16_000))
        for length in (0, 1, 100, 3_000):
            assert np.isnan(figure(judge, clip[:length], clip[:length], 16_000))


def test_stoi_of_less_than_0_4_s_that_is_not_silence_has_no_figure():
    clip = syllables(2, 16_000)
    clip[3_000:] = 0.0
    assert np.isnan(figure("stoi", clip, clip, 16_000))


def test_a_decoding_of_zeros_has_the_worst_figure():
    clip = syllables(2, 16_000)
    for level in (0.0, 1e-30):
        for judge in ("pesq", "visqol"):
            assert figure(judge, clip, noisy(np.zeros_like(clip), level), 16_000) == LOWEST_MOS
    assert figure("stoi", clip, np.zeros_like(clip), 16_000) == pytest.approx(0.0, abs=0.01)


def test_clips_that_differ_in_length_or_are_not_finite_are_refused():
    clip = syllables(1, 16_000)
    for judge in ("pesq", "stoi", "visqol"):
        with pytest.raises(AssertionError, match="against"):
            figure(judge, clip, clip[:-8], 16_000)
        with pytest.raises(AssertionError, match="finite"):
            figure(judge, clip, clip * np.float32("nan"), 16_000)


def test_a_pitch_half_a_semitone_higher_is_50_cents_off():
    if "swift_f0_error" in missing(["swift_f0_error"]):
        pytest.skip("swift-f0 is not installed")
    clip, higher = (syllables(2, 16_000, hertz=150 * step) for step in (1.0, 2 ** (0.5 / 12)))
    found = judge_named("swift_f0_error").score(JudgedAudio(higher, 16_000, original=clip))
    assert found["f0_error_cents"] == pytest.approx(50.0, abs=10.0)
    assert found["f0_voicing_error"] < 0.1


def test_what_cannot_be_imported_is_missing_and_says_how_to_get_it(monkeypatch):
    for module in ("pesq", "pystoi", "visqol"):
        monkeypatch.setitem(sys.modules, module, None)
    reasons = missing(["visqol", "stoi", "pesq"])
    assert list(reasons) == ["visqol", "stoi", "pesq"]
    assert "C compiler" in reasons["pesq"]
    assert "uv pip install pystoi" in reasons["stoi"]
    assert "cantus[judges]" in reasons["visqol"]
    assert missing([]) == {}
