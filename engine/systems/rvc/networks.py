"""The networks that a recipe asks for."""

import torch

from engine.nn.discriminators import Discriminators, hifi_gan_discriminators
from engine.nn.weight_norm import NormedConvTranspose1d
from engine.systems.rvc.network.settings import SynthesizerSettings
from engine.systems.rvc.network.spectrogram import SpectrogramSettings
from engine.systems.rvc.network.synthesizer import Synthesizer
from engine.systems.rvc.recipe import RvcRecipe


def synthesizer_settings(recipe: RvcRecipe) -> SynthesizerSettings:
    """The sizes of a recipe's synthesizer."""
    rate = recipe.dataset.sample_rate_hz
    return SynthesizerSettings.of(recipe.model, rate, uses_f0=recipe.has_pitch)


def spectrogram_settings(recipe: RvcRecipe) -> SpectrogramSettings:
    """The spectrograms of a recipe's posterior encoder and mel loss."""
    model = recipe.model
    return SpectrogramSettings(
        sample_rate_hz=recipe.dataset.sample_rate_hz,
        n_fft=model.n_fft,
        hop_length=model.hop_length,
        num_mels=model.num_mels,
        floor=model.mel_floor,
    )


def build_synthesizer(recipe: RvcRecipe) -> Synthesizer:
    """A recipe's synthesizer, initialized from torch's generator."""
    network = Synthesizer(synthesizer_settings(recipe))
    _initialize(network, recipe)
    return network


def build_discriminators(recipe: RvcRecipe) -> Discriminators:
    """A recipe's discriminators, initialized from torch's generator."""
    table = recipe.model.discriminator
    return hifi_gan_discriminators(
        recipe.model.periods, channels=table.channels, with_scale=table.scale == "with"
    )


@torch.no_grad()
def _initialize(network: Synthesizer, recipe: RvcRecipe) -> None:
    """Set the initial weights that a recipe gives; the others are drawn."""
    model, first = recipe.model, recipe.model.initial_weights
    if first.sine_weight is not None and recipe.has_pitch:
        source = network.dec.m_source.l_linear
        source.weight.fill_(first.sine_weight)
        source.bias.fill_(first.sine_bias)
    if recipe.has_pitch:
        network.enc_p.emb_pitch.weight.mul_(first.pitch_embedding_deviation)
    for up in network.dec.ups:
        assert isinstance(up, NormedConvTranspose1d)
        up.weight_g.mul_(first.upsampling_gain)
    for projection in (network.enc_p.proj, network.enc_q.proj):
        assert projection.bias is not None
        projection.bias[model.latent_channels :].add_(first.log_deviation_offset)
