"""Our vocoder against Coqui's `HifiDecoder`, narrow and with random weights."""

import math

import pytest
import torch

from engine.errors import UserError
from engine.systems.xtts.network.vocoder import HifiDecoder, VocoderSettings, stretch

SMALL = VocoderSettings(latent_dim=24, channels=32)


@pytest.fixture(scope="module")
def coqui():
    hifigan_decoder = pytest.importorskip("TTS.tts.layers.xtts.hifigan_decoder")
    torch.manual_seed(0)
    model = hifigan_decoder.HifiDecoder(decoder_input_dim=24, upsample_initial_channel_decoder=32)
    return model.eval()


@pytest.fixture(scope="module")
def ours(coqui):
    model = HifiDecoder(SMALL)
    model.load_state_dict(coqui.state_dict(), strict=True)
    return model.eval()


@pytest.fixture(scope="module")
def heard():
    """Latents [1, 9, 24] and a speaker [1, 512] of length one."""
    generator = torch.Generator().manual_seed(1)
    speaker = torch.randn(1, 512, generator=generator)
    return torch.randn(1, 9, 24, generator=generator), speaker / speaker.norm()


def shapes(state):
    return {name: tuple(value.shape) for name, value in state.items()}


def by_their_old_names(state):
    """A state dict as torch named normalised weights before it had parametrisations."""
    olds = {"parametrizations.weight.original0": "weight_g"}
    olds["parametrizations.weight.original1"] = "weight_v"
    renamed = {}
    for name, value in state.items():
        for new, old in olds.items():
            name = name.replace(new, old)
        renamed[name] = value
    return renamed


def test_the_state_dict_has_upstreams_names_and_shapes(ours, coqui):
    assert shapes(ours.state_dict()) == shapes(coqui.state_dict())
    assert any("parametrizations.weight.original0" in name for name in ours.state_dict())


def test_its_usual_size_is_upstreams(coqui):
    ours, theirs = HifiDecoder(VocoderSettings()).state_dict(), type(coqui)().state_dict()
    assert shapes(ours) == shapes(theirs)


@torch.no_grad()
def test_audio_is_that_of_upstream(ours, coqui, heard):
    latents, speaker = heard
    wanted = coqui(latents, g=speaker[:, :, None]).squeeze()
    audio = ours(latents, speaker)
    assert wanted.std() > 1e-3, "there is something to compare"
    assert audio.shape == (1, len(wanted))
    assert (audio[0] - wanted).abs().max() < 1e-5


@torch.no_grad()
def test_weights_under_their_older_names_make_the_same_audio(ours, heard):
    old = by_their_old_names(ours.state_dict())
    assert sum(name.endswith("weight_g") for name in old) == 4 + 4 * 3 * 6
    again = HifiDecoder(SMALL).eval()
    again.load_state_dict(old, strict=True)
    assert torch.equal(again(*heard), ours(*heard))


def test_what_it_saves_loads_into_upstream(ours, coqui):
    assert not any(coqui.load_state_dict(HifiDecoder(SMALL).state_dict(), strict=True))
    assert not any(coqui.load_state_dict(ours.state_dict(), strict=True))


@torch.no_grad()
def test_a_batch_is_rendered_as_its_clips_are(ours, heard):
    latents, speaker = heard
    both = ours(torch.cat([latents, latents.flip(1)]), speaker.expand(2, -1))
    assert torch.allclose(both[1:], ours(latents.flip(1), speaker), atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("num_latents", [1, 10, 43])
def test_a_latent_lasts_as_long_as_a_code(ours, num_latents):
    audio = ours(torch.zeros(1, num_latents, 24), torch.zeros(1, 512))
    frames = math.floor(4 * num_latents * 24_000 / 22_050)
    assert audio.shape == (1, 256 * frames)
    assert abs(audio.shape[1] / 24_000 - num_latents * 1024 / 22_050) < 256 / 24_000


@torch.no_grad()
def test_the_speaker_is_heard(ours, heard):
    latents, speaker = heard
    assert (ours(latents, -speaker) - ours(latents, speaker)).abs().max() > 1e-3


def test_stretching_interpolates_and_leaves_alone_what_keeps_its_length():
    frames = torch.tensor([[[0.0, 1.0]]])
    assert stretch(frames, 1) is frames
    assert stretch(frames, 2.0).flatten().tolist() == [0.0, 0.25, 0.75, 1.0]


def test_a_published_configuration_is_read():
    config = {"model_args": {"decoder_input_dim": 64, "d_vector_dim": 512, "num_chars": 255}}
    assert VocoderSettings.of_config(config) == VocoderSettings(latent_dim=64)


@pytest.mark.parametrize(
    ("key", "value"),
    [("output_hop_length", 512), ("cond_d_vector_in_each_upsampling_layer", False)],
)
def test_a_configuration_of_another_vocoder_is_refused(key, value):
    with pytest.raises(UserError, match=f"model_args.{key} is {value}"):
        VocoderSettings.of_config({"model_args": {key: value}})
