"""ContentVec's features are HuBERT's layer 12, or layer 9 projected; other folders are named."""

import json
import pickle

import numpy as np
import pytest
import torch

from engine.analysis.content.open_content import open_content
from engine.errors import UserError
from tests.analysis.hubert_folders import HIDDEN, PROJECTED, save_hubert
from tests.analysis.sounds import glide

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("contentvec")


@pytest.fixture(scope="module")
def hubert(folder):
    return save_hubert(folder)


def opened(folder, dim):
    return open_content("contentvec", dim=dim, device=CPU, folder=folder)


def test_version_2_has_the_last_layer_and_version_1_layer_9_projected(hubert, folder):
    sound, _ = glide(seconds=0.5)
    heard = torch.from_numpy(sound)[None]
    layers = hubert(heard, output_hidden_states=True)
    last, ninth = layers.last_hidden_state[0], hubert.final_proj(layers.hidden_states[9])[0]
    np.testing.assert_allclose(opened(folder, HIDDEN)(sound), last.numpy(), atol=1e-6)
    np.testing.assert_allclose(opened(folder, PROJECTED)(sound), ninth.numpy(), atol=1e-6)


@pytest.mark.parametrize("length", [1, 399, 400, 719, 720, 59_200])
def test_frames_are_those_that_were_foretold(hubert, folder, length):
    sound = np.ones(length, np.float32)
    encoder = opened(folder, HIDDEN)
    features = encoder(sound)
    assert features.shape == (encoder.num_frames(length), HIDDEN)
    assert features.dtype == np.float32
    if length == 59_200:
        assert len(features) == 184  # 3.7 s in RVC WebUI


def test_a_worker_unpickles_what_hears_the_same(hubert, folder):
    sound, _ = glide(seconds=0.3)
    encoder = opened(folder, HIDDEN)
    there = pickle.loads(pickle.dumps(encoder))
    assert there.digest == encoder.digest
    assert np.array_equal(there(sound), encoder(sound))
    assert len(pickle.dumps(encoder)) < 2000


def test_layers_and_weights_have_digests_of_their_own(hubert, folder, tmp_path):
    save_hubert(tmp_path, seed=1)
    digests = {opened(folder, HIDDEN).digest, opened(folder, PROJECTED).digest}
    assert len({*digests, opened(tmp_path, HIDDEN).digest}) == 3


def test_audio_is_normalised_where_the_folder_says_so(hubert, folder, tmp_path):
    save_hubert(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"do_normalize": True}))
    quiet, _ = glide(seconds=0.3)
    plain, normalised = opened(folder, HIDDEN), opened(tmp_path, HIDDEN)
    level = (quiet - quiet.mean()) / np.sqrt(quiet.var() + 1e-5)
    np.testing.assert_allclose(normalised(quiet), plain(level), atol=1e-5)
    assert normalised.digest != plain.digest


def test_features_of_another_size_are_named(hubert, folder):
    with pytest.raises(UserError, match=r"16 dimensions, projected 8, and the model takes 768"):
        opened(folder, 768)


def test_a_hubert_of_other_layers_is_named(tmp_path):
    save_hubert(tmp_path, num_hidden_layers=2)
    with pytest.raises(UserError, match="no ContentVec: it has 2 layers"):
        opened(tmp_path, HIDDEN)


def test_a_model_of_another_type_is_named(hubert, folder, tmp_path):
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "wav2vec2"}))
    with pytest.raises(UserError, match="'wav2vec2', which is no ContentVec"):
        opened(tmp_path, HIDDEN)


def test_a_missing_folder_says_how_to_get_one(tmp_path):
    with pytest.raises(UserError, match=r"dataset\.content\.folder.*cantus fetch contentvec"):
        opened(tmp_path / "nowhere", HIDDEN)


def test_a_folder_without_weights_is_named(hubert, folder, tmp_path):
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    with pytest.raises(UserError, match="holds no weights"):
        opened(tmp_path, HIDDEN)


def test_truncated_weights_are_named(tmp_path):
    save_hubert(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(UserError, match="holds no weights that transformers can read"):
        opened(tmp_path, HIDDEN)(np.zeros(800, np.float32))


def test_version_1_needs_the_projection(tmp_path):
    save_hubert(tmp_path, projection=False)
    assert opened(tmp_path, HIDDEN)(np.zeros(800, np.float32)).shape == (2, HIDDEN)
    with pytest.raises(UserError, match=r"lacks 2 of the weights.*final_proj"):
        opened(tmp_path, PROJECTED)(np.zeros(800, np.float32))
