"""A small RVC from scratch with all its losses, on the three built-in voices."""

from benchmarks.mutants.anatomy import Anatomy
from benchmarks.mutants.setups.builtin import part_of
from benchmarks.mutants.setups.setup import Setup, short_training

_RECIPE = """\
extends = "demo_rvc_v2_40k.toml"

[dataset]
speakers = []
segment_frames = 32
eval_share = 0.2

[model]
n_fft = 512
num_mels = 40
latent_channels = 16
hidden_channels = 16
filter_channels = 32
num_layers = 1
posterior_layers = 2
upsample_channels = 32
speaker_channels = 8
resblock_dilations = [[1, 3]]

[model.discriminator]
periods = [2, 3]
channels = [4, 8, 16]
starts_at_step = 20

[losses]
adversarial = 1.0
feature = 2.0

[schedule]
discriminator = { kind = "constant", warmup_steps = 0 }
generator = { kind = "constant", warmup_steps = 10 }

[conversion]
num_clips = 1
judges = []

[guard]
"eval/kl" = { at = "from step:30" }
"eval/octave_cents" = { at = "from step:60", below = 150.0 }
"eval/f0_cents" = { at = "from step:60", below = 150.0 }
"eval/voiceless_share" = { at = "from step:30" }
"eval/clicks" = { at = "from step:30" }
"eval/offset" = { at = "from step:30" }
"eval/silent_share" = { at = "from step:30" }

[expect]
"eval/mel" = { steps = [60], high = [1.9] }
"eval/f0_cents" = { steps = [30, 60], high = [150.0, 150.0] }
"eval/octave_cents" = { steps = [60], high = [150.0] }
"eval/voicing_error" = { steps = [60], high = [0.25] }
"eval/conversion/f0_cents" = { steps = [60], high = [150.0] }
"eval/conversion/mcd_db" = { steps = [60], high = [12.5] }
"""

SETUP = Setup(
    system="rvc",
    corpus="speakers",
    sample_rate_hz=16_000,
    recipe=_RECIPE + short_training(2),
    write_audio=part_of("speakers", lambda path: path[-7:] < "010.wav"),
    anatomy=Anatomy(
        turn="generator",
        loss="mel",
        second_loss="kl",
        source="content",
        target="audio",
        audio="audio",
        conditioning=("speaker",),
        encoder="network.enc_p",
        learning_rate=2e-3,
        best="eval/mel",
        discriminator="discriminator",
        has_pitch=True,
        speakers_matter=True,
    ),
)
