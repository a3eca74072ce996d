"""Runs the inference pipelines of RVC's own code on stand-ins: see README.md beside.

    python -m tests.systems.rvc.conversion.reference.make_reference FOLDER OUT.npz

FOLDER is a checkout of RVC WebUI, main or 20240604: what it is shows by its files.
"""

import sys
import tempfile
import types
from pathlib import Path

import faiss
import numpy as np
import torch

from tests.systems.rvc.conversion.reference.cases import CASES
from tests.systems.rvc.conversion.stand_ins import (
    DIM,
    RATE,
    SETTINGS,
    LocalContent,
    LocalPitch,
    noise_of,
    speech,
    vectors,
    weights,
)


class Hubert:
    """Answers as fairseq's model does in 20240604."""

    def extract_features(self, source, padding_mask, output_layer):
        return [torch.from_numpy(LocalContent()(source[0].numpy()))[None]]


class Pitch:
    """Answers as RVC's class RMVPE does."""

    def __init__(self, step_hz):
        self.method = LocalPitch(step_hz)

    def infer_from_audio(self, audio, thred):
        return self.method(audio)


def import_upstream(folder):
    """Its classes Pipeline and SynthesizerTrnMs768NSFsid."""
    sys.path.insert(0, str(folder))
    sys.argv = sys.argv[:1]
    for missing in ("pyworld", "parselmouth", "torchcrepe"):
        sys.modules.setdefault(missing, types.ModuleType(missing))
    if (folder / "infer" / "vc").is_dir():
        from infer.module.models import SynthesizerTrnMs768NSFsid
        from infer.vc import pipeline

        pipeline.extract_hubert_features = lambda model, source, *_, **__: model.extract_features(
            source, None, 12
        )[0]
        return pipeline.Pipeline, SynthesizerTrnMs768NSFsid
    from infer.lib.infer_pack.models import SynthesizerTrnMs768NSFsid
    from infer.modules.vc.pipeline import Pipeline

    return Pipeline, SynthesizerTrnMs768NSFsid


def upstream_network(kind):
    network = kind(
        SETTINGS.num_bins,
        32,
        SETTINGS.latent_dim,
        SETTINGS.hidden_dim,
        SETTINGS.filter_dim,
        SETTINGS.num_heads,
        SETTINGS.num_layers,
        SETTINGS.feed_forward_kernel,
        0.0,
        SETTINGS.resblock,
        [*SETTINGS.resblock_kernels],
        [[*each] for each in SETTINGS.resblock_dilations],
        [*SETTINGS.upsample_rates],
        SETTINGS.upsample_initial_channels,
        [*SETTINGS.upsample_kernels],
        SETTINGS.num_speakers,
        SETTINGS.speaker_dim,
        RATE,
        is_half=False,
    )
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    network.load_state_dict(weights(shapes))
    return network.eval()


class Drawn:
    """In place of torch.randn_like: the noise of stand_ins, segment after segment."""

    def __init__(self):
        self.calls = 0

    def __call__(self, like):
        segment, is_source = divmod(self.calls, 2)
        self.calls += 1
        frames = like.shape[1] // SETTINGS.hop_length if is_source else like.shape[2]
        noise = noise_of(SETTINGS, frames, segment)
        return noise.source[..., None] if is_source else noise.latents


def run(case, kinds, index):
    """The int16 samples that upstream makes of a case."""
    pipeline_kind, network_kind = kinds
    config = types.SimpleNamespace(
        x_pad=1, x_query=6, x_center=38, x_max=41, is_half=False, device="cpu"
    )
    pipeline = pipeline_kind(RATE, config)
    pipeline.model_rmvpe = Pitch(case.step_hz)
    torch.randn_like, kept = Drawn(), torch.randn_like
    told = {
        "model": Hubert(),
        "net_g": upstream_network(network_kind),
        "sid": 1,
        "audio": speech(case.seconds),
        "input_audio_path": "x.wav",
        "times": [0, 0, 0],
        "f0_up_key": case.semitones,
        "f0_method": "rmvpe",
        "file_index": index,
        "index_rate": case.index_rate,
        "if_f0": 1,
        "filter_radius": 3,
        "tgt_sr": RATE,
        "resample_sr": 0,
        "rms_mix_rate": case.volume_mix,
        "version": "v2",
        "protect": case.protect,
    }
    names = pipeline.pipeline.__code__.co_varnames[: pipeline.pipeline.__code__.co_argcount]
    try:
        return pipeline.pipeline(**{name: told[name] for name in names if name in told})
    finally:
        torch.randn_like = kept


def main(folder, out):
    is_main = (folder / "infer" / "vc").is_dir()
    kinds = import_upstream(folder)
    with tempfile.TemporaryDirectory() as scratch:
        index = faiss.IndexFlatL2(DIM)
        index.add(vectors())
        faiss.write_index(index, f"{scratch}/added_x.index")
        made = {
            name: run(case, kinds, f"{scratch}/added_x.index")[:: case.every]
            for name, case in CASES.items()
            if case.is_main == is_main
        }
    for name, samples in made.items():
        print(name, samples.dtype, len(samples), int(np.abs(samples).max()))  # noqa: T201
    np.savez_compressed(out, **made)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
