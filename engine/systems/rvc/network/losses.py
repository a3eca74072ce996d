"""The two losses of RVC's generator that need no discriminator; `engine.nn.adversarial` has others.

RVC takes least squares, summed over discriminators, and twice the sum of feature distances.
"""

import torch
from torch import Tensor

from engine.systems.rvc.network.masks import crop
from engine.systems.rvc.network.spectrogram import LinearSpectrogram, LogMel
from engine.systems.rvc.network.synthesizer import Synthesized


def kl_divergence(made: Synthesized) -> Tensor:
    """Divergence of the posterior from the prior, estimated by one sample of each frame, [].

    A sum over channels, mean over the frames of all clips (`kl_loss` of VITS and RVC).
    """
    with torch.autocast(made.mask.device.type, enabled=False):
        mean, log_deviation = made.prior_mean.float(), made.prior_log_deviation.float()
        # In half precision the exponential would overflow from a deviation of e^-5.5 on.
        scaled = 0.5 * (made.prior_latents.float() - mean).square() * (-2.0 * log_deviation).exp()
        nats = log_deviation - made.posterior_log_deviation.float() - 0.5 + scaled
        divergence: Tensor = (nats * made.mask.float()).sum() / made.mask.float().sum()
    return divergence


def mel_distance(
    audio: Tensor,
    spectrogram: Tensor,
    crop_starts: Tensor,
    linear: LinearSpectrogram,
    log_mel: LogMel,
) -> Tensor:
    """Mean difference of the log mel bands of decoded segments and of their targets, [].

    Args:
        audio: Decoded segments [B, 1, samples], whole frames.
        spectrogram: Of the whole clips [B, bins, T], by `linear`.
        crop_starts: The first frame of each segment [B].
        linear: Magnitudes of a waveform.
        log_mel: Log mel bands of magnitudes.

    """
    found = log_mel(linear(audio[:, 0]))
    wanted = log_mel(crop(spectrogram, crop_starts, found.shape[-1]))
    distance: Tensor = (found - wanted).abs().mean()
    return distance
