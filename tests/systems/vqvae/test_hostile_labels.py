import pytest

from engine.systems.vqvae.samples import SampleWriter

LABELS = ["../../x", "/etc/x", "\0", "x" * 300, "-rf\n", "\u202ex", "$\\frac{"]


@pytest.mark.parametrize("label", LABELS)
def test_samples_of_any_label_lie_in_their_folder(make_system, tmp_path, label):
    system = make_system("aligned")
    writer = SampleWriter(system.module, system.front_end, system.packed, system.eval_clips)
    folder = tmp_path / "run" / "samples"
    made = writer.write(folder, [0], [label] * len(system.eval_clips))
    assert all(sample.path.resolve().is_relative_to(folder) for sample in made)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["samples"]
