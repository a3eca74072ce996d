"""A small GPT of XTTS's kind from scratch, as in `xtts_phase1`'s demo, on two built-in voices."""

from benchmarks.mutants.anatomy import Anatomy
from benchmarks.mutants.setups.builtin import part_of
from benchmarks.mutants.setups.setup import Setup, short_training

_RECIPE = """\
extends = "demo_xtts_phase1.toml"

[dataset]
eval_share = 0.2

[model]
num_layers = 2
dim = 64
num_heads = 2
num_codes = 64

[schedule.gpt]
warmup_steps = 10

[speech]
sentences = []
judges = []

[guard]
"eval/mel_ce_increase_wrong_voice" = { at = "from step:60", above = 0.003, action = "stop" }
"eval/mel_ce_increase_wrong_text" = { at = "from step:60" }
"eval/text_ce" = { at = "from step:60" }

[expect]
"eval/mel_ce" = { steps = [30, 60], low = [1.5, 1.0], high = [3.4, 2.7] }
"eval/text_ce" = { steps = [60], low = [1.0], high = [2.7] }
"""

SETUP = Setup(
    system="xtts",
    corpus="voice",
    sample_rate_hz=22_050,
    recipe=_RECIPE + short_training(4, 'keep_every = "step:60"'),
    write_audio=part_of("voice", lambda path: path[-7:] < "040.wav"),
    anatomy=Anatomy(
        turn="gpt",
        loss="mel_ce",
        second_loss="text_ce",
        source="text",
        target="codes",
        audio="voice",
        conditioning=("voice", "voice_lengths"),
        text=("text", "text_lengths"),
        codes="codes",
        encoder="network.gpt",
        learning_rate=2e-3,
        best="eval/mel_ce",
        has_dropout=True,
        speakers_matter=True,
    ),
)
