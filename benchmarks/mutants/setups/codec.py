"""A small codec at 8 kHz: `codec_dac_fixed`'s demo on two words in all built-in voices."""

from benchmarks.mutants.anatomy import Anatomy
from benchmarks.mutants.setups.builtin import part_of
from benchmarks.mutants.setups.setup import Setup, short_training

_WORDS = ("bed", "zero")
_RECIPE = """\
extends = "demo_codec_dac_fixed.toml"

[dataset]
corpus = "words"
segment_seconds = 0.064
num_eval_clips = 6

[model]
encoder_dim = 4
encoder_rates = [2, 4]
decoder_dim = 32
decoder_rates = [4, 2]
num_codebooks = 4
codebook_size = 64
codebook_dim = 4

[model.discriminator]
stft_windows = [64]
bands = [[0.0, 0.5], [0.5, 1.0]]
starts_at_step = 20

[schedule]
discriminator = { kind = "constant", warmup_steps = 0 }
generator = { kind = "constant", warmup_steps = 10 }

[evaluation]
quantizers = [4]
judges = []

[guard]
"train/discriminator/loss_over_chance" = { at = "step:60", below = 0.995, action = "warn" }
"train/generator/feature_relative" = { at = "from step:60" }
"eval/dead_codes" = { at = "from step:60", action = "warn" }
"eval/lag_samples" = { at = "step:60" }
"eval/snr_db" = { at = "step:30", above = -1.0 }
"eval/amplitude_ratio" = { at = "step:60", between = [0.15, 1.5] }

[expect]
"train/discriminator/hinge_mean" = { steps = [60], low = [1.0], high = [1.97] }
"train/generator/feature_relative" = { steps = [60], low = [0.05], high = [1.5] }
"eval/snr_db" = { steps = [30, 60], low = [-1.0, -0.5], high = [20.0, 20.0] }
"eval/amplitude_ratio" = { steps = [30, 60], low = [0.12, 0.15], high = [1.2, 1.2] }
"eval/mel" = { steps = [60], low = [0.5], high = [7.5] }
"eval/si_sdr_db" = { steps = [60], low = [-18.0], high = [20.0] }
"eval/bitrate_efficiency" = { steps = [60], low = [0.2] }
"""

SETUP = Setup(
    system="codec",
    corpus="words",
    sample_rate_hz=8_000,
    recipe=_RECIPE + short_training(4),
    write_audio=part_of("words", lambda path: path.partition("/")[0] in _WORDS),
    anatomy=Anatomy(
        turn="generator",
        loss="mel",
        second_loss="waveform",
        source="audio",
        target="target",
        audio="audio",
        encoder="network.encoder",
        learning_rate=1e-3,
        best="eval/snr_db",
        codebook="network.quantizer",
        discriminator="discriminator",
        has_dropout=True,
    ),
)
