"""Faults in the recipe: rates, schedules, losses, and what is evaluated."""

from benchmarks.mutants.anatomy import Anatomy
from benchmarks.mutants.operator import Operator

_SCHEDULE = "its schedule has settings that no schedule of milestones has"
_RATE = r"learning.rate|can be learned|rate of|size of updates"


def _rate_factor(anatomy: Anatomy, factor: float) -> str:
    return f"[optimizer.{anatomy.turn}]\nlearning_rate = {anatomy.learning_rate * factor:g}"


def _schedule(anatomy: Anatomy, settings: str) -> str:
    return f"[schedule.{anatomy.turn}]\n{settings}"


OPERATORS = (
    Operator(
        name="rate_too_low",
        family="rate",
        mistake="the learning rate is a thousandth of what it should be",
        reference="QwenLM/Qwen3-TTS#314: 1e-8",
        recipe=lambda anatomy: _rate_factor(anatomy, 1e-3),
        named_by=(_RATE,),
    ),
    Operator(
        name="rate_too_high",
        family="rate",
        mistake="the learning rate is a thousand times what it should be",
        reference="QwenLM/Qwen3-TTS#314: 4e-6 where 1e-8 was better; Stability-AI/stable-audio-"
        "tools#144: a tenth of the rate cured it",
        recipe=lambda anatomy: _rate_factor(anatomy, 1e3),
        named_by=(_RATE,),
    ),
    Operator(
        name="rate_thirty_times",
        family="rate",
        mistake="the learning rate is that of another model, thirty times as high",
        reference="anhnh2002/XTTSv2-Finetuning-for-New-Languages#28",
        recipe=lambda anatomy: _rate_factor(anatomy, 30.0),
        named_by=(_RATE, r"not finite", r"rises", r"gradient_norm"),
    ),
    Operator(
        name="endless_warm_up",
        family="rate",
        mistake="the warm-up is longer than the run",
        reference="write-up 000 of Higgs Audio: 1e-7 at step 1 of a warm-up",
        recipe=lambda anatomy: _schedule(anatomy, 'kind = "constant"\nwarmup_steps = 5_000'),
        unfit={"higgs": "its warm-up is a share of the run"},
        named_by=(r"warm.up",),
    ),
    Operator(
        name="decay_by_step",
        family="rate",
        mistake="a decay meant for epochs is applied at every step",
        reference="coqui-ai/TTS#3131: schedules stepped by steps and by epochs",
        recipe=lambda anatomy: _schedule(
            anatomy, 'kind = "exponential"\ngamma = 0.8\nevery = "step"\nwarmup_steps = 0'
        ),
        unfit={"higgs": "its schedule has settings that no exponential one has"},
        named_by=(_RATE, r"decay"),
    ),
    Operator(
        name="misspelt_loss",
        family="loss",
        mistake="a loss term is dropped by a misspelt name",
        reference="descriptinc/descript-audio-codec: argbind drops unknown names (dac.md)",
        recipe=lambda anatomy: f"[losses]\n{anatomy.loss}_loss = 1.0",
        named_by=(r"unknown key|no such|_loss",),
    ),
    Operator(
        name="loss_without_weight",
        family="loss",
        mistake="the main loss has a weight of a millionth",
        reference="descriptinc/descript-audio-codec#17: the default of mel in code is another than "
        "the configuration's",
        recipe=lambda anatomy: f"[losses]\n{anatomy.loss} = 1e-6",
        named_by=(r"weight of|losses|gradient_share",),
    ),
    Operator(
        name="worst_kept",
        family="evaluation",
        mistake="the best checkpoint is the one with the highest loss",
        reference="erew123/alltalk_tts#124: best_model never updates",
        recipe=lambda anatomy: (
            '[training]\nbest_is = "' + ("lowest" if "snr" in anatomy.best else "highest") + '"'
        ),
        named_by=(r"best_is|direction|best",),
    ),
    Operator(
        name="one_evaluation_clip",
        family="evaluation",
        mistake="one clip is left for evaluation",
        reference="SWivid/F5-TTS#218: no validation set; write-up 002: six clips",
        recipe=lambda _: "[dataset]\nnum_eval_clips = 1",
        named_by=(r"single clip|evaluation set|too few",),
    ),
    Operator(
        name="average_too_long",
        family="average",
        mistake="the averaged weights span a thousand times as many steps as the run has",
        reference="lucidrains/DALLE2-pytorch#131",
        recipe=lambda _: "[training]\nema_decay = 0.99999",
        named_by=(r"ema_decay|averag",),
    ),
    Operator(
        name="discriminator_never",
        family="adversarial",
        mistake="the discriminators' first step lies behind the run's end",
        reference="semidark/kikiri-tts#7: gated on the wrong epoch, it never began",
        recipe=lambda _: "[model.discriminator]\nstarts_at_step = 1_000_000",
        needs=("discriminator",),
        named_by=(r"discriminator|starts_at_step|adversarial",),
    ),
    Operator(
        name="clipped_to_nothing",
        family="gradients",
        mistake="gradients are clipped to a norm that is far too small",
        reference="wandb/senpai#978: all batches are clipped, the step is 20 times too small",
        recipe=lambda anatomy: f"[optimizer.{anatomy.turn}]\nclip_gradient_norm = 1e-7",
        named_by=(r"clip|updates|can be learned|gradient",),
    ),
    Operator(
        name="rate_drops_to_nothing",
        family="rate",
        mistake="a factor of a schedule that should be one is nearly zero",
        reference="LINCellularNeuroscience/VAME#26: gamma = 0 where no schedule was wanted",
        recipe=lambda anatomy: _schedule(
            anatomy, 'kind = "multi_step"\nmilestones = [20]\ngamma = 1e-6\nwarmup_steps = 0'
        ),
        unfit={"higgs": _SCHEDULE},
        named_by=(r"learning.rate|rate of|decay",),
    ),
)
