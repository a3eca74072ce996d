import wave

import numpy as np

from engine.corpus.builtin.room import NOISE_DBFS, PEAK_DBFS, random_for, record, write_wav


def test_what_is_drawn_depends_on_the_names_alone():
    first, again, other = random_for("yes", 1), random_for("yes", 1), random_for("yes", 2)
    assert first.random() == again.random() != other.random()


def test_a_recording_has_the_stated_peak_and_is_nowhere_digitally_silent():
    voice = np.zeros(16_000, np.float32)
    voice[5_000:6_000] = 0.01
    recorded = record(voice, random_for("a"))
    peak = 20 * np.log10(np.abs(recorded).max())
    noise = 20 * np.log10(np.std(recorded[:5_000]))
    assert PEAK_DBFS[0] - 0.5 < peak < PEAK_DBFS[1] + 0.5
    assert NOISE_DBFS[0] - 1 < noise < NOISE_DBFS[1] + 1


def test_a_wav_holds_its_samples(tmp_path):
    write_wav(tmp_path / "a.wav", np.array([0.0, 0.5, -1.0], np.float32), 16_000)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getframerate(), file.getnchannels()) == (16_000, 1)
        assert np.frombuffer(file.readframes(3), "<i2").tolist() == [0, 16384, -32768]
