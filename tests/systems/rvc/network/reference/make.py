"""Makes outputs.npz by running RVC's own code: see README.md.

python -m tests.systems.rvc.network.reference.make PATH_OF_RVC
"""

import json
import sys

import numpy as np
import torch

from engine.systems.rvc.network.settings import published_settings
from tests.systems.rvc.network.reference.cases import (
    FIRST,
    KEYS,
    LENGTHS,
    NUM_MELS,
    NUM_STEPS,
    OUTPUTS,
    SEGMENT_FRAMES,
    SETTINGS,
    TRAINED,
    inputs,
    norms,
    some,
    weights,
)

sys.path.insert(0, sys.argv[1])

from infer.module import commons, models
from train import losses, mel_processing

CLASSES = {
    (768, True): models.SynthesizerTrnMs768NSFsid,
    (768, False): models.SynthesizerTrnMs768NSFsid_nono,
    (256, True): models.SynthesizerTrnMs256NSFsid,
    (256, False): models.SynthesizerTrnMs256NSFsid_nono,
}
DISCRIMINATORS = {
    "v1": models.MultiPeriodDiscriminator,
    "v2": models.MultiPeriodDiscriminatorV2,
}


def network(settings):
    made = built(settings)
    made.load_state_dict(weights(made.state_dict()))
    return made


def built(settings):
    return CLASSES[settings.content_dim, settings.uses_f0](
        settings.num_bins,
        SEGMENT_FRAMES,
        settings.latent_dim,
        settings.hidden_dim,
        settings.filter_dim,
        settings.num_heads,
        settings.num_layers,
        settings.feed_forward_kernel,
        0,
        settings.resblock,
        settings.resblock_kernels,
        settings.resblock_dilations,
        settings.upsample_rates,
        settings.upsample_initial_channels,
        settings.upsample_kernels,
        settings.num_speakers,
        settings.speaker_dim,
        settings.sample_rate_hz,
        is_half=False,
    )


def given_noise(*tensors):
    """Let RVC's code draw these, one after the other."""
    waiting = list(tensors)
    torch.randn_like = lambda like, **_: waiting.pop(0).reshape(like.shape)


def forward(made, settings, batch):
    """RVC's training pass: audio, masks and latents."""
    commons.rand_slice_segments = lambda x, _, size: (
        commons.slice_segments(x, batch.starts, size),
        batch.starts,
    )
    segment = batch.source_noise[:, : SEGMENT_FRAMES * settings.hop_length]
    given_noise(batch.latent_noise, segment)
    pitch = (batch.f0_coarse, batch.f0) if settings.uses_f0 else ()
    spectrogram = spectrograms(batch.waveform, settings)
    of_clips = (spectrogram, batch.lengths, batch.speaker)
    return made(batch.content, batch.lengths, *pitch, *of_clips)


def spectrograms(waveform, settings):
    n_fft, hop = settings.n_fft, settings.hop_length
    return mel_processing.spectrogram_torch(waveform, n_fft, settings.sample_rate_hz, hop, n_fft)


def log_mels(spectrogram, settings):
    rate = settings.sample_rate_hz
    mel_processing.mel_basis.clear()  # one for all rates
    return mel_processing.spec_to_mel_torch(
        spectrogram, settings.n_fft, NUM_MELS[rate], rate, 0.0, None
    )


def mel_loss(audio, settings, batch):
    wanted = log_mels(spectrograms(batch.waveform, settings), settings)
    wanted = commons.slice_segments(wanted, batch.starts, SEGMENT_FRAMES)
    found = log_mels(spectrograms(audio[:, 0], settings), settings)
    return torch.nn.functional.l1_loss(wanted, found)


def converted(made, settings, batch):
    given_noise(batch.latent_noise, batch.source_noise)
    pitch = (batch.f0_coarse, batch.f0) if settings.uses_f0 else ()
    with torch.no_grad():
        return made.infer(batch.content, batch.lengths, *pitch, batch.speaker)[0]


def trained(made, judge, settings, batch):
    """Losses of each step, and what each parameter is at the end, in RVC's order of a step."""
    optimizers = [
        torch.optim.AdamW(one.parameters(), 1e-4, betas=(0.8, 0.99), eps=1e-9)
        for one in (judge, made)
    ]
    hop, found = settings.hop_length, []
    real = commons.slice_segments(batch.waveform[:, None], batch.starts * hop, SEGMENT_FRAMES * hop)
    for _ in range(NUM_STEPS):
        fake, _, _, mask, (_, z_p, m_p, logs_p, _, logs_q) = forward(made, settings, batch)
        on_real, on_fake, _, _ = judge(real, fake.detach())
        told, _, _ = losses.discriminator_loss(on_real, on_fake)
        update(optimizers[0], told)
        _, on_fake, maps_real, maps_fake = judge(real, fake)
        mel = mel_loss(fake, settings, batch)
        divergence = losses.kl_loss(z_p, logs_q, m_p, logs_p, mask)
        feature = losses.feature_loss(maps_real, maps_fake)
        fooled, _ = losses.generator_loss(on_fake)
        update(optimizers[1], 45 * mel + divergence + feature + fooled)
        found.append([float(one) for one in (told, fooled, feature, mel, divergence)])
    names = sorted(dict(made.named_parameters()))
    gradients = [float(dict(made.named_parameters())[name].grad.norm()) for name in names]
    judge_names = sorted(dict(judge.named_parameters()))
    of_judge = dict(judge.named_parameters())
    moved = [float((of_judge[name] - _before(name, of_judge)).norm()) for name in judge_names]
    return [np.array(one, dtype=np.float32) for one in (found, gradients, moved)]


def _before(name, parameters):
    return weights({name: parameters[name]})[name]


def update(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def shapes():
    """Names and shapes of all of RVC's classes; of most what differs from the first."""
    every = {f"D_{version}": listed(of()) for version, of in DISCRIMINATORS.items()}
    for version in ("v2", "v1"):
        for rate in (40000, 32000, 48000):
            for uses_f0 in (True, False):
                settings = published_settings(rate, version, uses_f0=uses_f0)
                name = f"{'f0' if uses_f0 else ''}G{rate // 1000}k_{version}"
                every[name] = listed(built(settings))
    first = every[FIRST]
    kept = {name: every[name] for name in ("D_v1", "D_v2", FIRST)}
    for name, theirs in every.items():
        if name not in kept:
            kept[name] = {
                **{key: shape for key, shape in theirs.items() if first.get(key) != shape},
                **{key: None for key in first if key not in theirs},
            }
    return kept


def listed(made):
    return {name: list(tensor.shape) for name, tensor in sorted(made.state_dict().items())}


def main():
    torch.set_num_threads(1)
    outputs = {}
    for name, settings in SETTINGS.items():
        made, batch = network(settings), inputs(settings)
        assert tuple(batch.lengths.tolist()) == LENGTHS
        audio, _, _, mask, latents = forward(made, settings, batch)
        made_of = (audio, *latents, mask, spectrograms(batch.waveform, settings))
        outputs |= {f"{name}/forward_{place}": some(one) for place, one in enumerate(made_of)}
        _, z_p, m_p, logs_p, _, logs_q = latents
        divergence = losses.kl_loss(z_p, logs_q, m_p, logs_p, mask)
        (45 * mel_loss(audio, settings, batch) + divergence).backward()
        outputs[f"{name}/gradients"] = norms(made)
        outputs[f"{name}/converted"] = some(converted(made, settings, batch))
        outputs[f"{name}/mel"] = some(log_mels(spectrograms(batch.waveform, settings), settings))
        if name in TRAINED:
            judge = DISCRIMINATORS[TRAINED[name]](False)
            judge.load_state_dict(weights(judge.state_dict()))
            figures = trained(made, judge, settings, batch)
            names = (f"{name}/{what}" for what in ("losses", "trained_gradients", "moved"))
            outputs |= dict(zip(names, figures, strict=True))
    np.savez_compressed(OUTPUTS, **outputs)
    KEYS.write_text(json.dumps(shapes(), separators=(",", ":")).replace("],", "],\n") + "\n")


main()
