import soundfile
from matplotlib import image

from tests.systems.vqvae.conftest import train


def test_each_clip_has_three_recordings_and_a_picture_and_all_an_overview(make_system, tmp_path):
    system = train(make_system("aligned"), 2)
    made = system.samples(tmp_path, 2)
    assert [sample.name for sample in made] == [
        f"{clip}/{part}"
        for clip in ("01_no", "02_stop")
        for part in ("original", "mel_inverse", "reconstruction", "puzzle")
    ]
    assert all(sample.path.is_file() for sample in made)
    assert {sample.path.suffix for sample in made if sample.kind == "audio"} == {".wav"}
    assert image.imread(tmp_path / "overview.png").shape[:2] > (100, 100)


def test_the_original_is_the_clip_as_the_network_heard_it(make_system, tmp_path):
    system = make_system("aligned")
    system.samples(tmp_path, 1)
    samples, rate = soundfile.read(tmp_path / "01_no" / "original.wav", dtype="float32")
    row = next(row for row in system.eval_clips.rows if "no/" in system.all_clips.ids[row])
    assert rate == 16_000
    assert abs(samples - system.front_end.cut(system.packed.read(int(row)))).max() < 1e-4


def test_no_clips_wanted_makes_nothing(make_system, tmp_path):
    assert make_system("aligned").samples(tmp_path / "none", 0) == []
    assert not (tmp_path / "none").exists()
