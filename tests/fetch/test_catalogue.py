import re

import pytest

from engine.errors import UserError
from engine.fetch.catalogue import find_entry, read_catalogue


def test_every_entry_says_where_it_lies_and_under_which_licence():
    for name, entry in read_catalogue().items():
        assert re.fullmatch(r"[a-z0-9_]+", name)
        assert re.fullmatch(r"hf://[\w.-]+/[\w.-]+(/\w+)?(@\w+)?|https://.+", entry.place)
        assert entry.licence.name
        assert entry.licence.summary
        assert entry.licence.address.startswith("https://")
        names = [file.name for file in entry.files]
        assert names
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"\w+(\.\w+)+", name) for name in names)
        digests = [file.sha256 for file in entry.files if file.sha256 is not None]
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in digests)


def test_xtts_comes_with_what_training_needs_and_may_not_be_sold():
    entry = find_entry("xtts_v2")
    wanted = {"model.pth", "dvae.pth", "mel_stats.pth", "vocab.json", "config.json"}
    assert {file.name for file in entry.files} == wanted
    assert "Non-commercial" in entry.licence.summary


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("contentvec", {"config.json", "pytorch_model.bin"}),
        ("rmvpe", {"rmvpe.pt"}),
        ("rvc_v2", {"f0G40k.pth", "f0D40k.pth"}),
    ],
)
def test_rvc_comes_with_what_voices_are_made_from(name, files):
    assert {file.name for file in find_entry(name).files} == files


def test_higgs_comes_with_what_training_needs_and_says_how_many_users_are_free():
    model, codec = find_entry("higgs_audio_v2"), find_entry("higgs_audio_v2_tokenizer")
    required = {file.name for file in model.files if not file.optional}
    assert required == {"config.json", "tokenizer.json", "tokenizer_config.json"}
    assert {"model.safetensors", "model.safetensors.index.json"} == set(model.one_of)
    assert set(model.one_of) <= {file.name for file in model.files if file.optional}
    assert {"config.json", "model.safetensors"} <= {file.name for file in codec.files}
    for entry in (model, codec):
        assert "100,000 annual active users" in entry.licence.summary


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UserError, match=r"'xtts2'. Did you mean 'xtts_v2'\?"):
        find_entry("xtts2")
