import json

import pytest
import torch

from engine.errors import UserError
from engine.fetch.catalogue import find_entry
from engine.fetch.licence import note_acceptance
from engine.systems.xtts.files.published import CPML, read_published
from tests.systems.xtts.published_files import VOCABULARY

CONFIG = {
    "model": "xtts",
    "audio": {"sample_rate": 22050, "output_sample_rate": 24000},
    "model_args": {"gpt_use_perceiver_resampler": True, "gpt_code_stride_len": 1024},
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "vocab.json").write_text(VOCABULARY, "utf-8")
    torch.save(torch.arange(1.0, 81.0), tmp_path / "mel_stats.pth")
    for name in ("model.pth", "dvae.pth"):
        (tmp_path / name).write_bytes(b"read later")
    return tmp_path


def test_the_small_files_are_read_and_the_large_ones_named(folder):
    published = read_published(folder)
    assert published.config == CONFIG
    assert published.args == CONFIG["model_args"]
    assert torch.equal(published.mel_stats, torch.arange(1.0, 81.0))
    assert all(p.is_file() for p in (published.model, published.dvae, published.vocabulary))


def test_the_licence_is_the_published_one_whatever_lies_beside(folder):
    licence = find_entry("xtts_v2").licence
    assert read_published(folder).licence == licence.name == CPML
    note_acceptance(licence, folder)
    assert read_published(folder).licence == CPML


def test_missing_files_are_named_together(folder):
    (folder / "dvae.pth").unlink()
    (folder / "vocab.json").unlink()
    with pytest.raises(UserError, match=r"lacks dvae.pth, vocab.json. 'cantus fetch xtts_v2'"):
        read_published(folder)


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("audio", "sample_rate", 24000),
        ("audio", "output_sample_rate", 22050),
        ("model_args", "gpt_use_perceiver_resampler", False),
        ("model_args", "gpt_code_stride_len", 256),
    ],
)
def test_the_configuration_of_another_model_is_refused(folder, table, key, value):
    config = {**CONFIG, table: {**CONFIG[table], key: value}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        UserError, match=rf"another model than XTTS v2: {table}.{key} is {value} in"
    ):
        read_published(folder)


@pytest.mark.parametrize("content", ["{}", "[]", "{", '{"model_args": 1, "audio": {}}'])
def test_a_damaged_configuration_is_named(folder, content):
    (folder / "config.json").write_text(content)
    with pytest.raises(UserError, match=r"config.json is (not a config.json of XTTS|damaged)"):
        read_published(folder)
