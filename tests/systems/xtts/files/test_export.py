import json

import pytest
import torch

from engine.errors import UserError
from engine.systems.xtts.files import export
from engine.systems.xtts.files.export import export_xtts
from engine.systems.xtts.files.weights import read_weights
from engine.systems.xtts.network.gpt import GptSettings, XttsGpt
from engine.systems.xtts.text.vocabulary import character_vocabulary
from tests.systems.xtts.published_files import coqui, write_published

FACTS = {"weights_license": "some licence", "recipe": "toy"}


@pytest.fixture(scope="module")
def classes():
    return coqui()


@pytest.fixture(scope="module")
def published(classes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "xtts"
    write_published(classes, folder)
    return folder


@pytest.fixture
def trained(published):
    """What a fine-tuning leaves: our GPT with changed weights, and the arguments of an export.

    The decoder, which is large whatever the GPT is, is left out.
    """
    config = json.loads((published / "config.json").read_text())
    weights = read_weights(published / "model.pth")
    rows = len(weights.gpt["text_embedding.weight"])
    gpt = XttsGpt(GptSettings.of_config(config, num_text_tokens=rows))
    gpt.load_state_dict(weights.gpt)
    with torch.no_grad():
        for value in gpt.parameters():
            value.add_(torch.randn_like(value) * 0.01)
    return {
        "gpt": gpt.state_dict(),
        "decoder": None,
        "mel_stats": weights.mel_stats,
        "vocabulary": published / "vocab.json",
        "config": config,
        "facts": FACTS,
    }


@pytest.fixture
def complete(trained, published):
    """The same with its decoder."""
    return {**trained, "decoder": read_weights(published / "model.pth").decoder}


def loaded_by_coqui(classes, folder):
    config = classes.XttsConfig()
    config.load_json(str(folder / "config.json"))
    model = classes.Xtts(config)
    model.load_checkpoint(config, checkpoint_dir=str(folder), eval=False)
    return model


def test_coqui_loads_strictly_what_was_exported_and_has_the_same_weights(
    classes, complete, tmp_path
):
    export_xtts(tmp_path / "export", **complete)
    theirs = loaded_by_coqui(classes, tmp_path / "export")
    found = theirs.gpt.state_dict()
    assert found.keys() == complete["gpt"].keys()
    assert all(torch.equal(value, complete["gpt"][name]) for name, value in found.items())
    assert torch.equal(theirs.mel_stats, complete["mel_stats"])
    decoder = theirs.hifigan_decoder.state_dict()
    assert all(torch.equal(value, complete["decoder"][name]) for name, value in decoder.items())
    assert (theirs.gpt.start_text_token, theirs.gpt.stop_text_token) == (3, 0)


def test_coqui_speaks_with_it(classes, complete, tmp_path):
    export_xtts(tmp_path / "export", **complete)
    theirs = loaded_by_coqui(classes, tmp_path / "export")
    theirs.gpt.init_gpt_for_inference()
    theirs.gpt.eval()
    with torch.no_grad():
        codes = theirs.gpt.generate(torch.zeros(1, 32, 64), torch.tensor([[5, 6]]), num_beams=1)
        lengths = torch.tensor([2]), torch.tensor([codes.shape[1] * 1024])
        latents = theirs.gpt(
            torch.tensor([[5, 6]]),
            lengths[0],
            codes,
            lengths[1],
            cond_latents=torch.zeros(1, 32, 64),
            return_latent=True,
        )
        wave = theirs.hifigan_decoder(latents, g=torch.randn(1, 512, 1))
    assert wave.isfinite().all()


def test_the_configuration_says_the_sizes_of_these_weights_and_keeps_the_rest(trained, tmp_path):
    args = {
        name: value
        for name, value in trained["config"]["model_args"].items()
        if name in ("gpt_n_heads", "gpt_start_audio_token", "gpt_stop_audio_token")
    }
    config = {"temperature": 0.75, "model_args": {**args, "gpt_layers": 30, "kept": 1}}
    export_xtts(tmp_path / "export", **{**trained, "config": config})
    written = json.loads((tmp_path / "export/config.json").read_text())
    full = trained["config"]["model_args"]
    sizes = [name for name in full if name.startswith(("gpt_max_a", "gpt_max_t", "gpt_num_"))]
    assert len(sizes) == 3
    for name in (*sizes, "gpt_layers", "gpt_n_model_channels", "gpt_n_heads"):
        assert written["model_args"][name] == full[name], name
    assert (written["temperature"], written["model_args"]["kept"]) == (0.75, 1)


def test_the_card_carries_the_licence_and_says_that_it_can_speak(trained, tmp_path):
    decoder = {"waveform_decoder.conv_pre.bias": torch.zeros(1)}
    export_xtts(tmp_path / "export", **{**trained, "decoder": decoder})
    assert json.loads((tmp_path / "export/xtts.json").read_text()) == {**FACTS, "has_decoder": True}
    readme = (tmp_path / "export/README.md").read_text()
    assert "Licence of the weights: some licence" in readme
    assert "Coqui speaks with it" in readme


def test_without_a_decoder_the_folder_says_that_coqui_cannot_speak_with_it(
    classes, trained, tmp_path
):
    export_xtts(tmp_path / "export", **trained)
    assert "The folder holds no decoder" in (tmp_path / "export/README.md").read_text()
    assert not json.loads((tmp_path / "export/xtts.json").read_text())["has_decoder"]
    weights = read_weights(tmp_path / "export/model.pth")
    assert (weights.decoder, len(weights.gpt)) == ({}, len(trained["gpt"]))
    with pytest.raises(RuntimeError, match="hifigan_decoder"):
        loaded_by_coqui(classes, tmp_path / "export")


def test_views_are_not_written_with_all_that_they_look_at(trained, tmp_path):
    head = trained["gpt"]["mel_head.bias"]
    trained["gpt"]["mel_head.bias"] = torch.cat([head, torch.zeros(10_000_000)])[: len(head)]
    export_xtts(tmp_path / "export", **trained)
    assert (tmp_path / "export/model.pth").stat().st_size < 10_000_000


def test_another_vocabulary_is_refused_and_nothing_is_written(trained, tmp_path):
    other = tmp_path / "vocab.json"
    other.write_text(character_vocabulary(["abc"], ["en"]), "utf-8")
    with pytest.raises(UserError, match=r"vocab.json has 8 tokens, and the GPT \d+: it is not the"):
        export_xtts(tmp_path / "export", **{**trained, "vocabulary": other})
    assert not (tmp_path / "export").exists()


def test_what_reads_otherwise_takes_nobodys_place(trained, tmp_path, monkeypatch):
    export_xtts(tmp_path / "export", **trained)
    before = (tmp_path / "export/model.pth").stat()
    save = torch.save

    def lossy(content, path):
        content["model"]["mel_stats"] = content["model"]["mel_stats"] + 1
        save(content, path)

    monkeypatch.setattr(export.torch, "save", lossy)
    with pytest.raises(UserError, match=r"other values, or NaN, in 1 tensors, first mel_stats"):
        export_xtts(tmp_path / "export", **trained)
    assert (tmp_path / "export/model.pth").stat() == before
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_weights_that_are_not_finite_are_not_exported(trained, tmp_path):
    trained["gpt"]["final_norm.bias"] = torch.full((64,), torch.nan)
    with pytest.raises(UserError, match=r"or NaN, in 1 tensors, first gpt.final_norm.bias"):
        export_xtts(tmp_path / "export", **trained)
    assert not (tmp_path / "export").exists()
