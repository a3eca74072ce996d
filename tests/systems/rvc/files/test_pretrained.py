import os
import pickle
import zipfile

import pytest
import torch
from torch import nn

from engine.errors import UserError
from engine.nn.discriminators import hifi_gan_discriminators
from engine.systems.rvc.files.export import export_voice
from engine.systems.rvc.files.pretrained import load_discriminators, load_generator
from engine.systems.rvc.network.discriminators import PERIODS
from engine.systems.rvc.network.synthesizer import Synthesizer
from tests.systems.rvc.files.conftest import small_settings
from tests.systems.rvc.files.test_export import TRAINING


def discriminators(version="v2"):
    return hifi_gan_discriminators(PERIODS[version], channels=(2, 4))


def unchanged(network, load):
    """That what `load` raises is a UserError which left every weight as it was: its words."""
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(UserError) as raised:
        load()
    after = network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    return str(raised.value)


@pytest.mark.parametrize("half", [True, False])
def test_every_weight_of_a_published_generator_is_taken_over(network, saved, half):
    other = Synthesizer(small_settings())
    path = saved(other, half=half)
    assert load_generator(network, path) == []
    for name, value in other.state_dict().items():
        assert torch.equal(network.state_dict()[name], value.half().float() if half else value)


def test_a_bare_state_dict_and_applios_names_are_read_too(network, tmp_path):
    other = Synthesizer(small_settings())
    names = {
        ".weight_g": ".parametrizations.weight.original0",
        ".weight_v": ".parametrizations.weight.original1",
    }
    state = {}
    for name, value in other.state_dict().items():
        for ours, theirs in names.items():
            name = name.replace(ours, theirs)
        state[name] = value
    torch.save(state, tmp_path / "G_100.pth")
    load_generator(network, tmp_path / "G_100.pth")
    wanted = other.state_dict()
    assert all(torch.equal(value, wanted[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(("rows", "words"), [(5, "is left out"), (2, "start untrained")])
def test_the_speaker_embedding_is_taken_over_by_rows(network, saved, rows, words):
    other = Synthesizer(small_settings(num_speakers=rows))
    before = network.emb_g.weight.detach().clone()
    (note,) = load_generator(network, saved(other, half=False))
    shared = min(rows, 3)
    assert torch.equal(network.emb_g.weight[:shared], other.emb_g.weight[:shared])
    assert torch.equal(network.emb_g.weight[shared:], before[shared:])
    assert f"has {rows} rows in the file and 3 in the model" in note
    assert words in note


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (small_settings(48000), "is f0G48k of RVC v2; the recipe's is f0G40k of RVC v2"),
        (small_settings(32000, "v1"), "is f0G32k of RVC v1; the recipe's is f0G40k of RVC v2"),
        (small_settings(48000, "v1"), "is f0G48k of RVC v1; the recipe's is f0G40k of RVC v2"),
        (small_settings(uses_f0=False), "is G40k of RVC v2; the recipe's is f0G40k of RVC v2"),
    ],
)
def test_a_generator_of_another_kind_is_named_for_what_it_is(network, saved, given, said):
    path = saved(Synthesizer(given))
    words = unchanged(network, lambda: load_generator(network, path))
    assert f"{path} {said}. Name the file of that kind, or change " in words


def test_what_to_change_is_named_too(network, saved):
    path = saved(Synthesizer(small_settings(uses_f0=False)))
    words = unchanged(network, lambda: load_generator(network, path))
    assert words.endswith("or change dataset.pitch in the recipe.")


def test_a_generator_of_other_sizes_is_refused_by_tensors(network, saved):
    path = saved(Synthesizer(small_settings(hidden_dim=10)))
    words = unchanged(network, lambda: load_generator(network, path))
    assert "tensors do not fit" in words
    assert "instead of" in words


def test_discriminators_and_generators_are_not_taken_for_each_other(network, saved):
    judge = discriminators()
    words = unchanged(network, lambda: load_generator(network, saved(judge, name="f0D40k.pth")))
    assert "f0D40k.pth is a discriminator of RVC v2 (f0D*.pth); start.weights needs f0G40k" in words
    words = unchanged(judge, lambda: load_discriminators(judge, saved(network)))
    assert "f0G.pth is f0G40k of RVC v2; model.discriminator.weights needs a discriminator" in words


def test_discriminators_are_taken_over_and_those_of_another_version_named(saved):
    judge, other = discriminators(), discriminators()
    load_discriminators(judge, saved(other, half=False))
    wanted = other.state_dict()
    assert all(torch.equal(value, wanted[name]) for name, value in judge.state_dict().items())
    path = saved(discriminators("v1"))
    words = unchanged(judge, lambda: load_discriminators(judge, path))
    assert "is a discriminator of RVC v1 (f0D*.pth); the recipe's is a discriminator of RVC v2" in (
        words
    )


def test_an_exported_model_begins_a_run_with_a_posterior_encoder_of_its_own(network, tmp_path):
    other = Synthesizer(small_settings())
    export_voice(other, tmp_path / "voice.pth", TRAINING)
    own = {name: v.clone() for name, v in network.state_dict().items() if name.startswith("enc_q.")}
    (note,) = load_generator(network, tmp_path / "voice.pth")
    assert "no posterior encoder (enc_q)" in note
    for name, value in network.state_dict().items():
        wanted = own[name] if name in own else other.state_dict()[name].half().float()
        assert torch.equal(value, wanted)


def test_other_networks_are_named(network, tmp_path):
    torch.save({"model": {"mel_extractor.mel_basis": torch.ones(3)}}, tmp_path / "rmvpe.pt")
    words = unchanged(network, lambda: load_generator(network, tmp_path / "rmvpe.pt"))
    assert "is RMVPE, which measures the pitch; f0G40k of RVC v2 is needed" in words
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "other.pth")
    words = unchanged(network, lambda: load_generator(network, tmp_path / "other.pth"))
    assert "is no network of RVC; f0G40k of RVC v2 is needed" in words


def test_a_missing_file_is_said(network, tmp_path):
    words = unchanged(network, lambda: load_generator(network, tmp_path / "f0G40k.pth"))
    assert words == f"There are no weights at {tmp_path / 'f0G40k.pth'}."


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_file_is_refused(network, saved, share):
    path = saved(network)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    words = unchanged(network, lambda: load_generator(network, path))
    assert ("is truncated" if share else "is empty") in words


def test_a_damaged_value_is_refused(network, saved):
    other = Synthesizer(small_settings())
    with torch.no_grad():
        other.dec.conv_post.weight[0, 0, 0] = torch.nan
    words = unchanged(network, lambda: load_generator(network, saved(other)))
    assert "NaN or infinity in dec.conv_post.weight" in words


def test_a_small_file_that_would_fill_memory_is_refused(network, tmp_path):
    """Its tensor repeats one number a million million times: as float32, 4 TB."""
    repeated = torch.zeros(1, dtype=torch.half).expand(10**6, 10**6)
    torch.save({"model": {"enc_p.emb_phone.weight": repeated}}, tmp_path / "large.pth")
    words = unchanged(network, lambda: load_generator(network, tmp_path / "large.pth"))
    assert "holds a tensor of shape [1000000, 1000000] in only 2 bytes" in words


class _Runs:
    def __reduce__(self):
        return os.mkdir, ("was_run",)


def test_code_in_a_file_does_not_run_and_is_named(network, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"model": {"enc_p.emb_phone.weight": _Runs()}}, "code.pth")
    words = unchanged(network, lambda: load_generator(network, tmp_path / "code.pth"))
    assert "asks for posix.mkdir, which would run as code when it is loaded" in words
    (tmp_path / "old.pth").write_bytes(pickle.dumps(_Runs()))
    unchanged(network, lambda: load_generator(network, tmp_path / "old.pth"))
    assert not (tmp_path / "was_run").exists()


@pytest.mark.parametrize("content", [{"model": {}}, {"model": {"enc_p": 3}}, {"config": [1]}, {}])
def test_a_file_without_tensors_is_refused(network, tmp_path, content):
    torch.save(content, tmp_path / "empty.pth")
    words = unchanged(network, lambda: load_generator(network, tmp_path / "empty.pth"))
    assert "holds no weights of RVC" in words


def test_an_archive_of_something_else_is_refused(network, tmp_path):
    with zipfile.ZipFile(tmp_path / "other.pth", "w") as archive:
        archive.writestr("readme.txt", "no weights")
    words = unchanged(network, lambda: load_generator(network, tmp_path / "other.pth"))
    assert "is damaged" in words
