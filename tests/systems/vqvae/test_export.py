import csv
import json

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.systems.vqvae.load import load_puzzle_vae
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


def test_codes_are_numbered_by_the_energy_of_their_cells(exported):
    _, folder = exported
    card = json.loads((folder / "puzzle.json").read_text())
    means = [mean for mean in card["code_mean_db"] if mean is not None]
    assert means == sorted(means)
    assert len(card["code_mean_db"]) == 10


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
    before = {name: value.clone() for name, value in system.objective.state_dict().items()}
    system.export(tmp_path / "export")
    after = system.objective.state_dict()
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


def test_sorting_the_codes_does_not_change_what_is_decoded(make_system, tmp_path):
    system = train(make_system("aligned"), 5)
    system.export(tmp_path / "export")
    mel_db = system.all_clips.mel_db(range(4))
    with torch.no_grad():
        mel = ((mel_db + 80.0) / 120.0).clamp(0.0, 1.0)
        expected = system.objective.network(mel).reconstruction
    codes = torch.from_numpy(np.load(tmp_path / "export" / "codes.npy")[:4]).long()
    decoded = load_puzzle_vae(tmp_path / "export").decode_from_puzzle(codes)
    assert (decoded - expected).abs().max() < 1e-5


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
