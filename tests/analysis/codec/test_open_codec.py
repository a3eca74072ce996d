import json
import pickle

import numpy as np
import pytest
import torch

from engine.analysis.codec.open_codec import open_codec
from engine.errors import UserError
from engine.systems.codec.files.transformers_folder import write_transformers
from engine.systems.codec.network.network import CodecNetwork
from tests.analysis.codec.codec_folders import save_codec
from tests.systems.codec.network.test_network import SETTINGS

FAMILIES = {  # sample rate, hop length, codebooks, codes of each
    "dac": (8_000, 64, 4, 16),
    "dac_of_odd_strides": (8_000, 30, 4, 16),
    "higgs": (24_000, 960, 8, 1024),
    "encodec": (24_000, 32, 4, 16),
    "mimi": (24_000, 1920, 4, 16),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return tmp_path_factory.mktemp("codecs")


@pytest.fixture(scope="module")
def saved(folders):
    """The folder of a kind, written once."""

    def saved(kind):
        if not (folders / kind).is_dir():
            save_codec(folders / kind, kind)
        return folders / kind

    return saved


def noise(num_samples):
    random = torch.Generator().manual_seed(1)
    return torch.randn(num_samples, generator=random) * torch.linspace(0, 0.3, num_samples)


@pytest.mark.parametrize("kind", FAMILIES)
def test_each_family_says_what_its_codes_are(saved, kind):
    codec = open_codec(saved(kind))
    rate, hop, num_codebooks, size = FAMILIES[kind]
    assert (codec.sample_rate_hz, codec.hop_length) == (rate, hop)
    assert codec.frames_per_second == rate / hop
    assert codec.codebook_size == size
    if kind != "encodec":  # whose codebooks follow from its bandwidth
        assert codec.num_codebooks == num_codebooks


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_frame_that_is_begun_has_codes_and_decodes_to_a_whole_one(saved, kind):
    codec = open_codec(saved(kind))
    for num_samples in (1, codec.hop_length, 5 * codec.hop_length + 1):
        codes = codec.encode(noise(num_samples))
        assert codes.shape == (codec.num_frames(num_samples), codec.num_codebooks)
        assert codes.dtype == torch.int64
        audio = codec.decode(codes)
        assert audio.shape == (len(codes) * codec.hop_length,)
        assert audio.dtype == torch.float32


@pytest.mark.parametrize("kind", FAMILIES)
def test_fewer_codebooks_are_the_first_of_all(saved, kind):
    whole, two = open_codec(saved(kind)), open_codec(saved(kind), num_codebooks=2)
    audio = noise(9 * whole.hop_length)
    assert torch.equal(two.encode(audio), whole.encode(audio)[:, :2])
    assert torch.equal(two.decode(two.encode(audio)), whole.decode(whole.encode(audio)[:, :2]))
    assert two.digest != whole.digest


def test_no_audio_has_no_codes_and_the_other_way_round(saved):
    codec = open_codec(saved("dac"))
    codes = codec.encode(np.zeros(0, np.float32))
    assert codes.shape == (0, 4)
    assert codec.decode(codes).shape == (0,)


@torch.no_grad()
def test_our_own_codec_and_its_folder_give_the_same_codes_and_audio(tmp_path):
    torch.manual_seed(0)
    network = CodecNetwork(SETTINGS).eval()
    write_transformers(network, tmp_path / "folder")
    codec = open_codec(tmp_path / "folder")
    for num_samples in (20 * codec.hop_length, 20 * codec.hop_length + 7):
        audio = noise(num_samples)
        codes = network.encode(audio[None, None])[0].T
        assert torch.equal(codec.encode(audio), codes)
        decoded = network.decode(codes.T[None])[0, 0]
        torch.testing.assert_close(codec.decode(codes), decoded, atol=1e-5, rtol=0)


def test_odd_strides_decode_as_our_own_network_does(tmp_path):
    """DacModel alone would give fewer samples than the frames have."""
    model = save_codec(tmp_path / "codec", "dac_of_odd_strides")
    codec = open_codec(tmp_path / "codec")
    codes = codec.encode(noise(300))
    with torch.no_grad():
        assert model.decode(audio_codes=codes.T[None]).audio_values.shape[-1] < 300
    assert len(codec.decode(codes)) == 300


def test_the_digest_is_of_weights_and_configuration_and_not_of_versions(tmp_path):
    save_codec(tmp_path / "a", "dac")
    save_codec(tmp_path / "b", "dac")
    save_codec(tmp_path / "c", "dac", seed=1)
    first = open_codec(tmp_path / "a").digest
    assert open_codec(tmp_path / "b").digest == first
    assert open_codec(tmp_path / "c").digest != first
    config = json.loads((tmp_path / "b" / "config.json").read_text())
    (tmp_path / "b" / "config.json").write_text(json.dumps(config | {"transformers_version": "9"}))
    assert open_codec(tmp_path / "b").digest == first
    (tmp_path / "b" / "config.json").write_text(json.dumps(config | {"sampling_rate": 16_000}))
    assert open_codec(tmp_path / "b").digest != first


def test_another_codec_in_the_same_folder_is_not_taken_for_the_one_before(tmp_path):
    save_codec(tmp_path / "codec", "dac")
    audio = noise(640)
    before = open_codec(tmp_path / "codec").encode(audio)
    save_codec(tmp_path / "codec", "dac", seed=1)
    assert not torch.equal(open_codec(tmp_path / "codec").encode(audio), before)


def test_workers_get_a_codec_without_its_network(saved):
    codec = open_codec(saved("dac"))
    pickled = pickle.dumps(codec)
    assert len(pickled) < 2_000
    audio = noise(640)
    assert torch.equal(pickle.loads(pickled).encode(audio), codec.encode(audio))


# ---- what is refused ----


def test_codes_that_give_noise_and_tones_one_code_are_of_an_untrained_codec(saved):
    with pytest.raises(UserError, match=r"untrained: .* as the single code 0. Take the published"):
        open_codec(saved("untrained_higgs"))


def test_another_model_is_named_with_those_that_are_known(saved):
    with pytest.raises(
        UserError, match=r"'llama', which is no audio codec. .* dac, encodec, higgs_"
    ):
        open_codec(saved("llama"))


def test_two_channels_are_refused(saved):
    with pytest.raises(UserError, match="cannot be used here: it codes 2 channels"):
        open_codec(saved("stereo_encodec"))


def test_no_folder_and_no_configuration_say_what_makes_one(tmp_path):
    with pytest.raises(UserError, match=r"There is no folder .* 'cantus fetch higgs_audio_v2_tok"):
        open_codec(tmp_path / "none")
    with pytest.raises(
        UserError, match=r"is no audio codec: there is no config.json .*cantus fetch"
    ):
        open_codec(tmp_path)


@pytest.mark.parametrize("number", [0, 5])
def test_more_codebooks_than_there_are_and_none_are_refused(saved, number):
    with pytest.raises(UserError, match=rf"has 4 codebooks, and {number} are asked .* 1 to 4"):
        open_codec(saved("dac"), num_codebooks=number)


def test_missing_weights_are_refused(tmp_path):
    save_codec(tmp_path, "dac")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(UserError, match="holds no weights"):
        open_codec(tmp_path)


def test_damaged_weights_are_refused(tmp_path):
    save_codec(tmp_path, "dac")
    path = tmp_path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match="holds no weights that transformers can read"):
        open_codec(tmp_path)


def test_a_configuration_of_other_sizes_is_refused(tmp_path):
    save_codec(tmp_path, "dac")
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"codebook_size": 32}))
    with pytest.raises(UserError, match="transformers can read"):
        open_codec(tmp_path)


def test_a_configuration_of_other_types_is_refused(tmp_path):
    save_codec(tmp_path, "dac")
    said = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**said, "codebook_size": "many"}))
    with pytest.raises(UserError, match="holds no configuration that transformers can read"):
        open_codec(tmp_path)


def test_another_sample_rate_than_the_corpus_is_named(saved):
    codec = open_codec(saved("dac"))
    codec.require_sample_rate(8_000)
    with pytest.raises(UserError, match=r"at 8,000 Hz, and dataset.sample_rate_hz is 24,000"):
        codec.require_sample_rate(24_000)


@pytest.mark.parametrize("code", [-1, 16, 17])
def test_marks_of_a_stream_and_what_is_below_zero_never_reach_the_decoder(saved, code):
    codes = torch.zeros(3, 4, dtype=torch.int64)
    codes[1, 2] = code
    with pytest.raises(UserError, match=r"its codebooks hold 0 to 15"):
        open_codec(saved("dac")).decode(codes)


@pytest.mark.parametrize("shape", [(3,), (3, 5), (3, 0), (1, 3, 4)])
def test_codes_of_another_shape_are_refused(saved, shape):
    with pytest.raises(UserError, match="1 to 4 codebooks"):
        open_codec(saved("dac")).decode(torch.zeros(shape, dtype=torch.int64))
