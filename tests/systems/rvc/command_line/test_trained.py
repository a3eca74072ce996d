import shutil

import numpy as np
import soundfile

from engine.systems.rvc.index.retrieval import read_note


def test_what_a_run_leaves_is_all_that_conversion_needs(
    cantus, trained_voice, monkeypatch, tmp_path
):
    shutil.copytree(trained_voice.root / "models", tmp_path / "models")
    for name in ("recipes", "params.toml"):
        (tmp_path / name).symlink_to(trained_voice.root / name)
    monkeypatch.chdir(tmp_path)
    source = trained_voice.root / "data" / "voices" / "low" / "3.wav"
    told = cantus("convert", "small", str(source), "out.wav", "--auto-transpose")
    assert (told.code, told.error) == (0, "")
    samples, rate = soundfile.read(source)
    made, made_rate = soundfile.read("out.wav")
    assert (made_rate, len(made)) == (rate, len(samples))
    # from 110 to 240 Hz
    assert any(f"+{semitones} semitones" in told.out for semitones in (12, 13, 14, 15))
    index = next((tmp_path / "models" / "small" / "export").glob("added_*_small_v2.index"))
    assert read_note(index).vectors > 100
    told = cantus(
        "convert", "small", str(source), "plain.wav", "--auto-transpose", "--index-rate", "0"
    )
    assert not np.array_equal(soundfile.read("plain.wav")[0], made)
    told = cantus("convert", "small", str(source), "other.wav", "--speaker", "low")
    assert "There are: high (0)." in told.error
