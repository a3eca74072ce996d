import json
import os
import re
import zipfile

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.systems.xtts.files.differences import load_strictly
from engine.systems.xtts.files.weights import (
    load_dvae_state,
    load_gpt_state,
    load_mel_stats,
    read_pickle,
    read_weights,
)
from engine.systems.xtts.network.gpt import GptSettings, XttsGpt
from engine.systems.xtts.network.vocoder import HifiDecoder, VocoderSettings
from tests.systems.xtts.published_files import coqui, write_published

PUBLISHED_CLASSES = {
    "TTS.config.shared_configs.BaseDatasetConfig",
    "TTS.tts.configs.xtts_config.XttsConfig",
    "TTS.tts.models.xtts.XttsArgs",
    "TTS.tts.models.xtts.XttsAudioConfig",
}
"""What the hub lists as found in the published model.pth, besides torch's own."""


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A published model.pth, and the model that it is of."""
    folder = tmp_path_factory.mktemp("weights") / "xtts"
    return folder / "model.pth", write_published(coqui(), folder)


def same(found, wanted):
    return found.keys() == wanted.keys() and all(
        torch.equal(value, wanted[name]) for name, value in found.items()
    )


def test_a_published_file_gives_all_weights_though_it_holds_objects_of_coqui(published):
    path, model = published
    assert classes_in(path) > PUBLISHED_CLASSES
    weights = read_weights(path)
    assert same(weights.gpt, model.gpt.state_dict())
    assert same(weights.decoder, model.hifigan_decoder.state_dict())
    assert torch.equal(weights.mel_stats, model.mel_stats)
    assert not weights.left_out
    assert (
        str(weights)
        == f"{len(weights.gpt)} tensors of the GPT, {len(weights.decoder)} of the decoder"
    )


def classes_in(path):
    with zipfile.ZipFile(path) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        found = re.findall(rb"c([a-zA-Z_.]+)\n(\w+)\n", archive.read(name))
        return {f"{module.decode()}.{kind.decode()}" for module, kind in found}


def test_our_networks_take_what_was_published_strictly(published):
    path, model = published
    weights = read_weights(path)
    config = json.loads(path.with_name("config.json").read_text())
    settings = GptSettings.of_config(config, num_text_tokens=model.gpt.number_text_tokens)
    load_strictly(XttsGpt(settings), weights.gpt, path)
    load_strictly(HifiDecoder(VocoderSettings.of_config(config)), weights.decoder, path)


def test_a_trainers_checkpoint_is_read_and_what_was_left_out_is_said(published, tmp_path):
    _, model = published
    state = {f"xtts.{name}": value for name, value in model.state_dict().items()}
    own = {
        "dvae.codebook.embed": torch.zeros(2, 2),
        "torch_mel_spectrogram_dvae.mel_norms": torch.zeros(80),
        "xtts.gpt.gpt.wte.weight": model.gpt.mel_embedding.weight,
        "xtts.gpt.gpt_inference.transformer.ln_f.weight": torch.zeros(3),
        "xtts.gpt.gpt.h.0.attn.bias": torch.zeros(1, 1, 4, 4),
        "xtts.gpt.gpt.h.0.attn.masked_bias": torch.zeros(()),
    }
    loss = {"train_loss": np.float64(2.5), "eval_loss": None}
    more = {"config": {"output_path": tmp_path}, "step": 7, "model_loss": loss, "optimizer": [{}]}
    torch.save({"model": {**state, **own}, **more}, tmp_path / "checkpoint_7.pth")
    weights = read_weights(tmp_path / "checkpoint_7.pth")
    assert same(weights.gpt, model.gpt.state_dict())
    said = "2 tensors of the trainer, 2 copies for inference, 2 causal masks"
    assert str(weights).endswith(f"; left out: {said}")


def test_what_coqui_adds_for_inference_is_left_out(published, tmp_path):
    _, model = published
    wanted = dict(model.gpt.state_dict())
    copy = {
        "gpt.gpt_inference.lm_head.1.weight": torch.zeros(1),
        "gpt.gpt.wte.weight": torch.ones(1),
    }
    torch.save({"model": {**model.state_dict(), **copy}}, tmp_path / "model.pth")
    assert same(load_gpt_state(tmp_path / "model.pth"), wanted)


def test_the_older_names_of_normalised_weights_become_the_present_ones(tmp_path):
    state = {"gpt.a.bias": torch.zeros(1)}
    for old in ("weight_g", "weight_v"):
        state[f"hifigan_decoder.waveform_decoder.ups.0.{old}"] = torch.zeros(1)
    torch.save({"model": state}, tmp_path / "model.pth")
    assert set(read_weights(tmp_path / "model.pth").decoder) == {
        "waveform_decoder.ups.0.parametrizations.weight.original0",
        "waveform_decoder.ups.0.parametrizations.weight.original1",
    }


class Malicious:
    def __reduce__(self):
        return os.system, ("touch executed",)


@pytest.mark.parametrize("where", [lambda bad: bad, lambda bad: {"model": {"gpt.a": bad}}])
def test_a_file_with_code_is_refused_by_name_and_the_code_does_not_run(
    tmp_path, monkeypatch, where
):
    monkeypatch.chdir(tmp_path)
    torch.save(where(Malicious()), tmp_path / "model.pth")
    with pytest.raises(UserError, match=r"model.pth asks for \w+.system, which would run as code"):
        read_weights(tmp_path / "model.pth")
    assert not (tmp_path / "executed").exists()


def test_objects_of_coqui_cannot_be_called_into_something_else(tmp_path):
    """Their names stand for nothing: what a file makes of them has no attributes and no effect."""
    published = tmp_path / "a.pth"
    torch.save({"model": {}, "loss": np.float64(3.5)}, published)
    assert not vars(read_pickle(published)["loss"])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"gpt.a": torch.zeros(1)}, "no table of tensors called 'model'"),
        ([1], "no table of tensors called 'model'"),
        ({"model": {"gpt.a": 1}}, "no table of tensors called 'model'"),
        ({"model": {"dvae.encoder.weight": torch.zeros(1)}}, "holds no GPT"),
        ({"model": {"vocoder.a": torch.zeros(1)}}, "it holds 'vocoder.a'"),
    ],
)
def test_files_of_something_else_are_refused(tmp_path, content, expected):
    torch.save(content, tmp_path / "model.pth")
    with pytest.raises(UserError, match=expected):
        read_weights(tmp_path / "model.pth")


def test_missing_and_damaged_files_are_named(published, tmp_path):
    with pytest.raises(UserError, match=r"There is no file .*cantus fetch xtts_v2"):
        read_weights(tmp_path / "model.pth")
    for cut in (b"", b"PK", published[0].read_bytes()[:10_000]):
        (tmp_path / "model.pth").write_bytes(cut)
        with pytest.raises(UserError, match=r"model.pth is (damaged|empty|truncated)"):
            read_weights(tmp_path / "model.pth")


def test_a_dvae_is_a_plain_table_of_tensors(tmp_path):
    state = {"codebook.embed": torch.randn(4, 8)}
    torch.save(state, tmp_path / "dvae.pth")
    assert same(load_dvae_state(tmp_path / "dvae.pth"), state)
    torch.save({"model": state}, tmp_path / "dvae.pth")
    with pytest.raises(UserError, match=r"dvae.pth is no DVAE"):
        load_dvae_state(tmp_path / "dvae.pth")


@pytest.mark.parametrize(
    "wrong", [torch.ones(79), torch.zeros(80), torch.full((80,), torch.nan), {"a": 1}]
)
def test_mel_stats_are_eighty_numbers_that_can_be_divided_by(tmp_path, wrong):
    right = torch.linspace(-2, -1, 80)
    torch.save(right, tmp_path / "mel_stats.pth")
    assert torch.equal(load_mel_stats(tmp_path / "mel_stats.pth"), right)
    torch.save(wrong, tmp_path / "mel_stats.pth")
    with pytest.raises(UserError, match=r"is no mel_stats.pth: it has to hold 80 finite numbers"):
        load_mel_stats(tmp_path / "mel_stats.pth")
