"""`audio_vae` in small batches, on two words in all built-in voices."""

from benchmarks.mutants.anatomy import Anatomy
from benchmarks.mutants.setups.builtin import part_of
from benchmarks.mutants.setups.setup import Setup, short_training

_WORDS = ("bed", "zero")
_RECIPE = """\
extends = "demo_audio_vae.toml"

[dataset]
num_eval_clips = 12

[guard]
"eval/perplexity" = { at = "from step:60" }

[expect]
"eval/reconstruction" = { steps = [60], low = [0.0], high = [0.008] }
"eval/perplexity" = { steps = [60], low = [2.5], high = [10.0] }
"""

SETUP = Setup(
    system="audio_vae",
    corpus="words",
    sample_rate_hz=16_000,
    recipe=_RECIPE + short_training(4),
    write_audio=part_of("words", lambda path: path.partition("/")[0] in _WORDS),
    anatomy=Anatomy(
        turn="autoencoder",
        loss="reconstruction",
        second_loss="commitment",
        source="mel_db",
        target="target_db",
        encoder="network.encoder",
        learning_rate=1e-3,
        best="eval/rmse_db",
        codebook="network.vq",
        has_batch_norm=True,
    ),
)
