"""A small model of Higgs Audio v2's kind from scratch, by the codes of a small codec.

The codec has random weights: its codes are functions of the sound, like any codec's.
"""

from pathlib import Path

import torch
from transformers import DacConfig, DacModel

from benchmarks.mutants.anatomy import Anatomy
from benchmarks.mutants.setups.builtin import part_of
from benchmarks.mutants.setups.setup import Setup, short_training
from engine.metrics.pretrained import quiet

_VOICES = (
    *("Alicia", "Andy", "Denis", "Jacky", "Lee", "Marco", "Reed", "anika", "boris"),
    *("f3", "linda", "zac"),
)
_RECIPE = """\
extends = "higgs_zero_shot.toml"

[dataset]
sample_rate_hz = 8_000
max_seconds = 2.0
max_reference_seconds = 2.0
num_eval_clips = 24
num_seen_clips = 8

[codec]
folder = "published/codec"

[model]
kind = "scratch"
num_layers = 2
dim = 64
num_heads = 2
num_key_heads = 1
ffn_dim = 96
num_text_tokens = 384
max_positions = 256
activation_checkpointing = false

[start]
from = "scratch"

[optimizer.lm]
learning_rate = 4e-3

[schedule.lm]
warmup_share = 0.1

[speech]
num_clips = 0

[guard]
"eval/reference_gain" = { action = "off" }        # learned later than these steps
"eval/text_gain" = { action = "off" }
"eval/end_ce" = { at = "from step:60" }

[expect]
"eval/audio_ce" = { steps = [30, 60], low = [1.0, 1.0], high = [3.1, 2.5] }
"""


def _write_codec(root: Path) -> None:
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(7)
        config = DacConfig(
            encoder_hidden_size=4,
            downsampling_ratios=[8, 8, 5],
            decoder_hidden_size=8,
            n_codebooks=4,
            codebook_size=64,
            codebook_dim=4,
            sampling_rate=8_000,
        )
        DacModel(config).save_pretrained(root / "published" / "codec")


def _is_wanted(path: str) -> bool:
    return path.partition("/")[0].removeprefix("en-us+") in _VOICES and path[-7:] < "012.wav"


SETUP = Setup(
    system="higgs",
    corpus="cloning",
    sample_rate_hz=8_000,
    recipe=_RECIPE + short_training(4, 'num_micro_batches = 1\nprecision = "fp32"'),
    write_audio=part_of("cloning", _is_wanted),
    publish=_write_codec,
    anatomy=Anatomy(
        turn="lm",
        loss="audio_ce",
        second_loss="text_ce",
        source="text",
        target="target",
        conditioning=("reference", "reference_text"),
        text=("text",),
        codes="target",
        encoder="network.model.model.layers",
        learning_rate=4e-3,
        best="eval/audio_ce",
        speakers_matter=True,
    ),
)
