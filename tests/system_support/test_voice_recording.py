import numpy as np
import pytest
import soundfile

from engine.errors import UserError
from engine.system_support.voice_recording import Limits, read_voice

LIMITS = Limits(22_050, 0.33, 30.0, "3 to 30 s")


def write(path, seconds, rate=16_000, channels=1, level=0.1):
    shape = (round(seconds * rate), channels)
    soundfile.write(path, np.random.default_rng(0).normal(0, level, shape), rate)
    return path


@pytest.mark.parametrize("name", ["voice.wav", "voice.flac", "voice.ogg"])
def test_any_format_rate_and_number_of_channels_becomes_mono_at_the_rate(tmp_path, name):
    found = read_voice(write(tmp_path / name, 2.0, channels=2), LIMITS)
    assert found.waveform.shape == (44_100,)
    assert not found.is_cut


def test_a_long_recording_is_cut_to_what_is_conditioned_on(tmp_path):
    long = read_voice(write(tmp_path / "long.wav", 31.5), LIMITS)
    short = read_voice(write(tmp_path / "short.wav", 30.0), LIMITS)
    assert (len(long.waveform), long.is_cut) == (30 * 22_050, True)
    assert (len(short.waveform), short.is_cut) == (30 * 22_050, False)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"seconds": 0.2}, "lasts 0.20 s, too short .* at least 0.33 s, better 3 to 30 s"),
        ({"seconds": 0.0}, "empty|no samples|too short"),
        ({"seconds": 2.0, "level": 1e-5}, "is silent"),
    ],
)
def test_what_holds_no_voice_is_refused(tmp_path, settings, said):
    with pytest.raises(UserError, match=said):
        read_voice(write(tmp_path / "voice.wav", **settings), LIMITS)


def test_what_is_no_audio_is_refused_by_name(tmp_path):
    (tmp_path / "voice.wav").write_text("hello")
    with pytest.raises(UserError, match=r"voice\.wav cannot be used as a voice: unreadable"):
        read_voice(tmp_path / "voice.wav", LIMITS)
    with pytest.raises(UserError, match="There is no file"):
        read_voice(tmp_path / "nowhere.wav", LIMITS)
