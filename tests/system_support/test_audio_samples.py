import numpy as np
import soundfile

from engine.system_support.audio_samples import spread_over, write_wav


def test_a_written_recording_reads_back_within_a_16_bit_step_and_is_clipped_beyond_one(tmp_path):
    samples = np.array([0.0, 0.25, -0.5, 0.999, 1.5, -2.0], dtype=np.float32)
    write_wav(tmp_path / "heard.wav", samples, 22_050)
    read, rate = soundfile.read(tmp_path / "heard.wav", dtype="float32")
    assert rate == 22_050
    assert np.abs(read - samples.clip(-1.0, 1.0)).max() <= 2.0**-15


def test_samples_are_of_as_many_labels_as_there_are():
    labels = ["a", "a", "a", "b", "c", "c"]
    assert [labels[index] for index in spread_over(labels, 3)] == ["a", "b", "c"]
    assert [labels[index] for index in spread_over(labels, 2)] == ["a", "b"]
    assert sorted(spread_over(labels, 10)) == [0, 1, 2, 3, 4, 5]
