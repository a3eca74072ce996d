"""A small codec at 8 kHz with the losses of `codec_dac_fixed`'s demo, on two words in all built-in voices."""

from benchmarks.mutants.anatomy import Anatomy
from benchmarks.mutants.setups.builtin import part_of
from benchmarks.mutants.setups.setup import Setup

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
starts_at_step = 30

[schedule]
discriminator = { kind = "constant", warmup_steps = 0 }
generator = { kind = "constant", warmup_steps = 10 }

[training]
steps = 80
batch_size = 4
log_every_steps = 10
evaluate_every = "step:40"
checkpoint_every = "step:40"

[evaluation]
quantizers = [4]
judges = []

[samples]
num_clips = 0

[guard]
"train/discriminator/loss_over_chance" = { at = "step:80", below = 0.995, action = "warn" }
"train/generator/feature_relative" = { at = "from step:60" }
"eval/dead_codes" = { at = "from step:60", action = "warn" }
"eval/lag_samples" = { at = "step:80" }
"eval/snr_db" = { at = "step:40", above = 0.0, because = "measured" }
"eval/amplitude_ratio" = { at = "step:80", because = "measured" }

[expect]
"train/discriminator/hinge_mean" = { steps = [80], low = [1.0], high = [2.2], because = "measured" }
"train/generator/feature_relative" = { steps = [80], low = [0.05], high = [1.5], because = "measured" }
"eval/snr_db" = { steps = [40, 80], low = [0.0, 0.0], high = [20.0, 20.0], because = "measured" }
"eval/amplitude_ratio" = { steps = [40, 80], low = [0.3, 0.3], high = [1.2, 1.2], because = "measured" }
"eval/mel" = { steps = [80], low = [0.5], high = [5.0], because = "measured" }
"eval/si_sdr_db" = { steps = [80], low = [-5.0], high = [20.0], because = "measured" }
"eval/bitrate_efficiency" = { steps = [80], low = [0.3], because = "measured" }
"""

SETUP = Setup(
    system="codec",
    corpus="words",
    sample_rate_hz=8_000,
    recipe=_RECIPE,
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
