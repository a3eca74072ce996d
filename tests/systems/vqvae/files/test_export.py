import csv
import json

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.systems.vqvae.errors import cell_means
from engine.systems.vqvae.files.load import load_puzzle_vae
from tests.systems.vqvae.conftest import train


@pytest.fixture
def exported(system, tmp_path):
    train(system, 5).export(tmp_path / "export")
    return system, tmp_path / "export"


def waveforms(system):
    cuts = [system.front_end.cut(system.packed.read(row)) for row in range(len(system.all_clips))]
    return torch.from_numpy(np.stack(cuts))


def test_codes_of_the_whole_corpus_stand_beside_an_index_of_its_clips(exported):
    system, folder = exported
    codes = np.load(folder / "codes.npy")
    assert codes.shape == (24, 30, 30)
    assert codes.dtype == np.uint8
    with (folder / "index.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == list(system.all_clips.ids)
    assert [int(row["row"]) for row in rows] == list(range(24))
    held_out = {row["id"] for row in rows if row["split"] == "eval"}
    assert held_out == set(system.eval_clips.ids)
    assert {row["label"] for row in rows} == {"no", "stop", "yes"}


def means_of_the_exported_codes(system, folder):
    """Mean energy of each code over the evaluation clips, from the arrays alone; None: unused."""
    rows = [system.all_clips.ids.index(clip) for clip in system.eval_clips.ids]
    codes = np.load(folder / "codes.npy")[rows]
    cells = cell_means(system.all_clips.mel_db(rows)).numpy()
    found = (cells[codes == code] for code in range(10))
    return [float(held.mean()) if len(held) else None for held in found]


@pytest.mark.parametrize("model", ["puzzle", "aligned ema"])
def test_codes_of_a_codebook_are_sorted_by_energy_and_unused_ones_are_last(
    make_system, tmp_path, model
):
    system = train(make_system(model), 5)
    system.export(tmp_path / "export")
    card = json.loads((tmp_path / "export" / "puzzle.json").read_text())
    means = [mean for mean in card["code_mean_db"] if mean is not None]
    assert means == sorted(means)
    assert card["code_mean_db"] == means + [None] * (10 - len(means))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_card_has_the_energies_of_the_codes_where_levels_are_unused(
    make_system, tmp_path, sign
):
    system = train(make_system("aligned"), 5)
    with torch.no_grad():
        system.module.network.vq.project_in.weight.mul_(8.0 * sign)
        system.module.network.vq.project_in.bias.zero_()
    system.export(tmp_path / "export")
    expected = means_of_the_exported_codes(system, tmp_path / "export")
    assert expected[0] is None
    card = json.loads((tmp_path / "export" / "puzzle.json").read_text())
    assert [mean is None for mean in card["code_mean_db"]] == [mean is None for mean in expected]
    pairs = zip(card["code_mean_db"], expected, strict=True)
    assert all(said == pytest.approx(mean, abs=0.1) for said, mean in pairs if mean is not None)
    used = [mean for mean in expected if mean is not None]
    assert len(used) > 2
    assert used[0] < used[-1]


def test_the_card_says_how_to_read_the_arrays(exported):
    system, folder = exported
    card = json.loads((folder / "puzzle.json").read_text())
    assert card["evaluation_set"] == system.evaluation_set
    assert card["corpus"] == system.corpus.digest
    assert card["front_end"]["n_fft"] == 1024
    assert "lowest band" in card["axes"]["rows"]
    assert card["metrics"] == system.evaluate().metrics


def test_exporting_leaves_the_system_as_it_was(system, tmp_path):
    train(system, 5)
    before = {name: value.clone() for name, value in system.module.state_dict().items()}
    system.export(tmp_path / "export")
    after = system.module.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_the_loader_has_the_published_calls_and_shapes(exported):
    system, folder = exported
    loaded = load_puzzle_vae(folder)
    assert loaded.latent_dim == system.recipe.model.latent_dim
    assert loaded.num_codes == 10
    puzzle = loaded.encode_to_puzzle(torch.randn(2, 16_000) * 0.1)
    assert puzzle.shape == (2, 30, 30)
    assert puzzle.dtype == torch.int64
    mel = loaded.decode_from_puzzle(puzzle)
    assert mel.shape == (2, 1, 128, 32)
    assert 0 <= mel.min() <= mel.max() <= 1


def test_loaded_codes_are_the_exported_ones_and_a_clips_own(make_system, tmp_path):
    system = train(make_system("puzzle"), 5)
    system.export(tmp_path / "export")
    loaded = load_puzzle_vae(tmp_path / "export")
    waves = waveforms(system)
    together = loaded.encode_to_puzzle(waves)
    # Kept mels are half precision: a cell on the border of two codes may fall either way.
    assert (together.numpy() == np.load(tmp_path / "export" / "codes.npy")).mean() > 0.999
    assert torch.equal(together[3:4], loaded.encode_to_puzzle(waves[3:4]))


def test_a_puzzle_can_be_listened_to(make_system, tmp_path):
    make_system("aligned").export(tmp_path / "export")
    loaded = load_puzzle_vae(tmp_path / "export")
    audio = loaded.to_waveform(loaded.decode_from_puzzle(torch.full((2, 30, 30), 5)))
    assert audio.shape == (2, 16_000)
    assert audio.isfinite().all()


def test_exported_codes_decode_to_what_the_network_reconstructs(make_system, tmp_path):
    system = train(make_system("aligned"), 5)
    system.export(tmp_path / "export")
    mel_db = system.all_clips.mel_db(range(4))
    with torch.no_grad():
        mel = ((mel_db + 80.0) / 120.0).clamp(0.0, 1.0)
        expected = system.module.network(mel).reconstruction
    codes = torch.from_numpy(np.load(tmp_path / "export" / "codes.npy")[:4])
    assert codes.dtype == torch.uint8
    decoded = load_puzzle_vae(tmp_path / "export").decode_from_puzzle(codes)
    assert (decoded - expected).abs().max() < 1e-5


@pytest.fixture
def loaded(make_system, tmp_path):
    make_system("aligned").export(tmp_path / "export")
    return load_puzzle_vae(tmp_path / "export")


@pytest.mark.parametrize(
    ("puzzle", "said"),
    [
        (torch.zeros(30, 30, dtype=torch.int64), r"shape \[B, 30, 30\], got \[30, 30\]"),
        (torch.zeros(1, 30, 29, dtype=torch.uint8), r"shape \[B, 30, 30\], got \[1, 30, 29\]"),
        (torch.zeros(1, 30, 30), r"integer codes, got torch\.float32"),
        (torch.full((1, 30, 30), 10, dtype=torch.uint8), "between 0 and 9, got 10 to 10"),
        (torch.full((1, 30, 30), -1), "between 0 and 9, got -1 to -1"),
    ],
)
def test_a_puzzle_that_cannot_be_decoded_is_refused_with_the_reason(loaded, puzzle, said):
    with pytest.raises(UserError, match=said):
        loaded.decode_from_puzzle(puzzle)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.uint16, torch.int32])
def test_codes_of_any_integer_type_decode_alike(loaded, dtype):
    codes = torch.randint(10, (2, 30, 30))
    expected = loaded.decode_from_puzzle(codes)
    assert torch.equal(loaded.decode_from_puzzle(codes.to(dtype)), expected)


@pytest.mark.parametrize("shape", [(16_000,), (2, 15_999), (2, 1, 16_000)])
def test_waveforms_of_another_shape_are_refused_with_the_one_wanted(loaded, shape):
    with pytest.raises(UserError, match=r"shape \[B, 16000\]"):
        loaded.encode_to_puzzle(torch.zeros(shape))


@pytest.mark.parametrize("damage", ["missing", "torn", "of another kind"])
def test_a_damaged_card_is_an_error_that_names_it(make_system, tmp_path, damage):
    make_system("aligned").export(tmp_path / "export")
    path = tmp_path / "export" / "puzzle.json"
    content = path.read_text()
    path.unlink()
    if damage == "torn":
        path.write_text(content[:100])
    elif damage == "of another kind":
        path.write_text(content.replace('"aligned"', '"puzzler"'))
    with pytest.raises(UserError, match=r"puzzle\.json"):
        load_puzzle_vae(tmp_path / "export")
