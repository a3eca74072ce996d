import faiss
import numpy as np
import pytest
import soundfile
import torch
from transformers import HubertConfig, HubertModel

from tests.systems.rvc.command_line.exported import (
    export,
    refused,
)


@pytest.fixture
def contentvec(project, capsys):
    """A HuBERT of ContentVec's layers and 768 dimensions, with little in them."""
    config = HubertConfig(
        hidden_size=768,
        num_attention_heads=1,
        intermediate_size=4,
        num_hidden_layers=12,
        conv_dim=(4,) * 7,
        num_conv_pos_embeddings=2,
        num_conv_pos_embedding_groups=1,
        classifier_proj_size=8,
    )
    torch.manual_seed(0)
    HubertModel(config).save_pretrained(project / "hubert")
    capsys.readouterr()
    return "hubert"


def foreign(project, content):
    export(project / "voice.pth", note=None)
    return ("convert", "voice.pth", "in.wav", "out.wav", "--content", content)


def write_foreign_index(path):
    index = faiss.IndexFlatL2(768)
    index.add(np.random.default_rng(0).normal(size=(20, 768)).astype(np.float32))
    faiss.write_index(index, str(path))


def test_a_model_from_elsewhere_is_used_with_what_is_given(cantus, project, contentvec, wav):
    words = foreign(project, contentvec)
    told = cantus(*words, "--speaker", "2", "--transpose", "-2")
    assert (told.code, told.error) == (0, "")
    assert "index: none" in told.out
    without = soundfile.read("out.wav")[0]
    write_foreign_index("added_x.index")
    told = cantus(
        *words, "--speaker", "2", "--transpose", "-2", "--index", "added_x.index", "--force"
    )
    assert (told.code, told.error) == (0, "")
    assert not np.array_equal(soundfile.read("out.wav")[0], without)


def test_the_one_index_beside_a_model_is_used_and_of_several_none(cantus, project, contentvec, wav):
    words = foreign(project, contentvec)
    refused(cantus(*words, "--index-rate", "0.5"), project, "has no added_*.index beside it")
    write_foreign_index("added_x.index")
    told = cantus(*words)
    assert (told.code, told.error) == (0, "")
    assert "index: added_x.index, which lies beside the model" in told.out
    found = soundfile.read("out.wav")[0]
    assert cantus(*words, "--index", "added_x.index", "--force").code == 0
    assert np.array_equal(soundfile.read("out.wav")[0], found)
    assert cantus(*words, "--index-rate", "0", "--force").code == 0
    assert not np.array_equal(soundfile.read("out.wav")[0], found)
    (project / "out.wav").unlink()
    write_foreign_index("added_y.index")
    refused(cantus(*words), project, "2 retrieval indices: added_x.index, added_y.index. Name the")
    assert cantus(*words, "--index", "added_y.index").code == 0


def test_published_files_that_a_foreign_model_needs_are_named(cantus, project, wav):
    export(project / "voice.pth", note=None)
    told = cantus("convert", "voice.pth", wav, "out.wav")
    refused(told, project, "'cantus fetch contentvec' makes it, or give --content")
    assert "A voice that was trained here" in told.error


def test_what_a_foreign_model_cannot_do_is_said(cantus, project, contentvec, wav):
    words = foreign(project, contentvec)
    faiss.write_index(faiss.IndexFlatL2(256), "added_x.index")
    for options, said in (
        (["--speaker", "anna"], "There are: 0 to 2."),
        (["--auto-transpose"], "does not record the median pitch of its voice"),
        (["--index", "added_x.index"], "have 256 values"),
        (["--index", "none.index"], "no retrieval index none.index"),
    ):
        refused(cantus(*words, *options), project, said)


def test_a_damaged_or_hostile_model_is_refused(cantus, project, contentvec, wav):
    words = foreign(project, contentvec)
    whole = (project / "voice.pth").read_bytes()
    torch.save({"weight": {"x": print}}, project / "code.pth")
    torch.save({"weight": {"emb": torch.zeros(1)}, "config": [1]}, project / "other.pth")
    for content, said in (
        (whole[: len(whole) // 2], "voice.pth"),
        (b"", "voice.pth"),
        ((project / "code.pth").read_bytes(), "voice.pth"),
        ((project / "other.pth").read_bytes(), "not a model of RVC"),
    ):
        (project / "voice.pth").write_bytes(content)
        refused(cantus(*words), project, said)
    (project / "voice.pth").unlink()
    refused(cantus(*words), project, "no weights at voice.pth")
