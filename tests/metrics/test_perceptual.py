import stat
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import UserError
from engine.metrics.perceptual import LOWEST_MOS, missing, pesq, stoi, visqol

VISQOL_SPEAKS = 'print("ViSQOL conformance version: 310\\nMOS-LQO:\\t\\t4.2")\n'


def syllables(seconds, rate, seed=0):
    """Bursts of harmonics with gaps between them: what PESQ takes for utterances."""
    time = np.arange(round(seconds * rate)) / rate
    voice = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 20))
    gate = (time % 0.6 < 0.35) * np.sin(np.pi * np.clip(time % 0.6 / 0.35, 0, 1))
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return (0.1 * voice * gate + 1e-4 * noise).astype(np.float32)


def noisy(clip, level):
    noise = np.random.default_rng(1).standard_normal(len(clip))
    return (clip + level * noise).astype(np.float32)


@pytest.mark.parametrize("figure", [pesq, stoi])
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050])
def test_the_less_noise_the_better(figure, rate):
    clip = syllables(2, rate)
    worst, middle, same = (figure(clip, noisy(clip, level), rate) for level in (0.03, 0.001, 0.0))
    assert worst < middle < same
    assert same == pytest.approx(1.0, abs=0.01) if figure is stoi else same > 4.4


def test_pesq_is_wide_band_from_16_khz_on_and_narrow_band_below():
    from pesq import pesq as theirs

    for rate, band in ((16_000, "wb"), (8_000, "nb")):
        clip = syllables(2, rate)
        expected = theirs(rate, clip, noisy(clip, 0.02), band)
        assert pesq(clip, noisy(clip, 0.02), rate) == pytest.approx(expected, abs=1e-4)


def test_pesq_of_more_utterances_than_it_can_hold_is_the_mean_of_the_parts():
    clip = syllables(45, 8_000)
    decoded = noisy(clip, 0.02)
    parts = [
        pesq(*both, 8_000) for both in zip(np.split(clip, 3), np.split(decoded, 3), strict=True)
    ]
    assert pesq(clip, decoded, 8_000) == pytest.approx(np.mean(parts), abs=1e-6)


@pytest.mark.parametrize("figure", [pesq, stoi])
def test_clips_that_are_too_short_or_without_speech_have_no_figure_and_no_warning(figure):
    clip = syllables(2, 16_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(figure(np.zeros_like(clip), clip, 16_000))
        for length in (1, 100, 3_000):
            assert np.isnan(figure(clip[:length], clip[:length], 16_000))


def test_stoi_of_less_than_0_4_s_that_is_not_silence_has_no_figure():
    clip = syllables(2, 16_000)
    clip[3_000:] = 0.0
    assert np.isnan(stoi(clip, clip, 16_000))


def test_a_decoding_of_zeros_has_the_worst_figure():
    clip = syllables(2, 16_000)
    for level in (0.0, 1e-30):
        assert pesq(clip, noisy(np.zeros_like(clip), level), 16_000) == LOWEST_MOS
    assert stoi(clip, np.zeros_like(clip), 16_000) == pytest.approx(0.0, abs=0.01)


def test_clips_that_differ_in_length_or_are_not_finite_are_refused():
    clip = syllables(1, 16_000)
    for figure in (pesq, stoi):
        with pytest.raises(AssertionError, match="against"):
            figure(clip, clip[:-8], 16_000)
        with pytest.raises(AssertionError, match="finite"):
            figure(clip, clip * np.float32("nan"), 16_000)


def test_what_is_here_is_not_missing():
    assert missing(["pesq", "stoi"]) == {}
    assert missing([]) == {}


def test_what_is_missing_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pesq", None)
    monkeypatch.setitem(sys.modules, "pystoi", None)
    reasons = missing(["visqol", "stoi", "pesq"])
    assert list(reasons) == ["visqol", "stoi", "pesq"]
    assert "C compiler" in reasons["pesq"]
    assert "uv pip install pesq" in reasons["pesq"]
    assert "uv pip install pystoi" in reasons["stoi"]
    assert "[programs] visqol = " in reasons["visqol"]
    wrong = missing(["visqol"], visqol=tmp_path / "nothing")["visqol"]
    assert "nothing" in wrong
    assert "is no program" in wrong


@pytest.fixture
def program(tmp_path):
    """Writes a program in place of ViSQOL's, beside the `model` folder, where ViSQOL has it."""

    def write(source: str) -> Path:
        (tmp_path / "home" / "model").mkdir(parents=True, exist_ok=True)
        path = tmp_path / "home" / "bazel-bin" / "visqol"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!{sys.executable}\nimport sys, pathlib, shutil\n{source}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write


@pytest.mark.parametrize(
    ("rate", "wav_rate", "speech"),
    [(8_000, 16_000, True), (16_000, 16_000, True), (44_100, 48_000, False)],
)
def test_visqol_gets_both_clips_as_wav_in_the_mode_of_the_rate(
    program, tmp_path, rate, wav_rate, speech
):
    copies = tmp_path / "copies"
    copies.mkdir()
    binary = program(
        "given = dict(zip(sys.argv[1::2], sys.argv[2::2]))\n"
        f"here = pathlib.Path({str(copies)!r})\n"
        "for name in ('--reference_file', '--degraded_file'):\n"
        "    shutil.copy(given[name], here / (name + '.wav'))\n"
        "(here / 'arguments').write_text(' '.join(sys.argv))\n"
        "assert pathlib.Path('model').is_dir(), 'started elsewhere'\n" + VISQOL_SPEAKS
    )
    clip = 8.0 * syllables(1, rate)
    assert missing(["visqol"], visqol=binary) == {}
    assert visqol(clip, 0.5 * clip, rate, binary) == 4.2
    reference, found_rate = soundfile.read(copies / "--reference_file.wav")
    decoded, _ = soundfile.read(copies / "--degraded_file.wav")
    assert found_rate == wav_rate
    assert len(reference) == len(decoded) == wav_rate
    assert 0.99 < np.abs(reference).max() <= 1.0
    assert np.abs(decoded - 0.5 * reference).max() < 1e-4
    assert ("--use_speech_mode" in (copies / "arguments").read_text()) == speech


def test_a_pair_that_visqol_refuses_has_no_figure(program):
    binary = program(
        'sys.stderr.write("Error executing ViSQOL: INVALID_ARGUMENT: too short.\\n")\n'
    )
    assert np.isnan(visqol(syllables(1, 16_000), syllables(1, 16_000), 16_000, binary))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('sys.exit("Failed to load the default SVR model")', "exit 1: Failed to load"),
        ('print("hello")', "without a line 'MOS-LQO:': hello"),
        ("", "without a line 'MOS-LQO:'"),
    ],
)
def test_a_program_that_fails_or_is_another_is_named_with_what_it_said(program, source, words):
    binary, clip = program(source), syllables(1, 16_000)
    with pytest.raises(UserError) as refusal:
        visqol(clip, clip, 16_000, binary)
    assert words in str(refusal.value)
    assert str(binary) in str(refusal.value)


def test_a_program_that_cannot_be_started_or_hangs_is_named(program, tmp_path, monkeypatch):
    clip = syllables(1, 16_000)
    with pytest.raises(UserError, match="cannot be started"):
        visqol(clip, clip, 16_000, tmp_path / "nothing")
    monkeypatch.setattr("engine.metrics.perceptual._VISQOL_SECONDS", 0.2)
    with pytest.raises(UserError, match=r"did not end within 0\.2 s"):
        visqol(clip, clip, 16_000, program("import time; time.sleep(60)"))
