"""What runs of RVC measure, and the guards over it that every recipe has."""

from collections.abc import Mapping

from engine.recipe.judgement import Guard
from engine.recipe.training import Direction

_MADE = {
    "f0_cents": "median distance of the pitch of what is made from what was asked, in cents, over "
    "frames that are voiced in both",
    "voicing_error": "share of frames that are voiced in one of these two alone",
    "voiceless_share": "share of slices whose voiced frames were all made without voice: they have "
    "no f0_cents",
    "content_cosine": "cosine of the content features of what is made and of the original, mean",
    "similarity": "likeness of the voice and of the learned one, the cosine of a speaker encoder; "
    "takes [speech_evaluation] in params.toml",
    "clicks": "jumps of a sample by over half of full scale, a second of audio",
    "offset": "distance of the mean sample from 0, where full scale is 1",
    "silent_share": "share of clips whose level is 30 dB or more below the original's",
}

METRICS: Mapping[str, str] = {
    "eval/mel": "L1 of log mel spectrograms (nats) of held-out clips and of what is made of their "
    "content features and pitch, as in conversion",
    "eval/mel_posterior": "the same of what is decoded from the posterior, as in training",
    "eval/kl": "divergence of posterior and prior, nats a frame, by one sample of each; about 0: "
    "the posterior says nothing",
    "eval/octave_cents": "f0_cents where an octave was asked; 1,200: the decoder ignores pitch",
    **{f"eval/{name}": f"{about}; held-out clips" for name, about in _MADE.items()},
    **{
        f"eval/conversion/{name}": f"{about}; clips of other speakers"
        for name, about in _MADE.items()
    },
    "eval/conversion/mcd_db": "mel-cepstral distortion, in dB after alignment in time, from the "
    "learned voice's own recording of the same sentence, where the corpus has one",
    "eval/conversion/clips": "clips of other speakers that are converted",
    "eval/clips": "evaluation clips",
    "eval/frames": "frames of the evaluation clips",
    "train/discriminator/loss_over_chance": "discriminator loss over that of guessing: 1 is "
    "guessing (least squares 0.5)",
    "train/discriminator/accuracy": "share of logits on the right side; 0.5 is guessing",
    "train/discriminator/loss_over_chance_scale": "loss_over_chance of the scale discriminator",
    "train/discriminator/accuracy_scale": "accuracy of the scale discriminator",
    **{
        f"train/discriminator/{what}_period_<n>": f"{what} of the period discriminator of n"
        for what in ("loss_over_chance", "accuracy")
    },
    "train/generator/feature_relative": "mean over maps of L1 over the mean size of the real map",
    **{
        f"train/gradient_share/{term}": f"share of {term} in the gradient at the waveform"
        for term in ("adversarial", "feature", "mel", "stft")
    },
}
"""Every metric, and what it is."""

_LOWEST = ("f0_cents", "voicing_error", "voiceless_share", "clicks", "offset", "silent_share")

DIRECTIONS: Mapping[str, Direction] = {
    **{f"eval/{name}": "lowest" for name in ("mel", "mel_posterior", "octave_cents", *_LOWEST)},
    **{f"eval/conversion/{name}": "lowest" for name in ("mcd_db", *_LOWEST)},
    **{
        f"eval/{place}{name}": "highest"
        for place in ("", "conversion/")
        for name in ("content_cosine", "similarity")
    },
}
"""Which value of a metric is the better one."""

GUARDS: Mapping[str, Guard] = {
    "train/discriminator/loss_over_chance": Guard(
        at="step:10000", below=0.995, action="warn", because="docs/rvc.md#stuck"
    ),
    "eval/kl": Guard(at="from step:1000", above=0.1, because="docs/rvc.md#collapsed-posterior"),
    "eval/octave_cents": Guard(
        at="from step:10000", below=600.0, because="docs/rvc.md#pitch-without-effect"
    ),
    "eval/voiceless_share": Guard(
        at="from step:10000", below=0.5, action="warn", because="docs/rvc.md#pitch-without-effect"
    ),
    "eval/clicks": Guard(
        at="from step:10000", below=5.0, action="warn", because="docs/rvc.md#clicks"
    ),
    "eval/offset": Guard(
        at="from step:10000", below=0.1, action="warn", because="docs/rvc.md#offset"
    ),
    "eval/silent_share": Guard(
        at="from step:10000", below=0.5, action="warn", because="docs/rvc.md#silence"
    ),
}
"""By metric; reasons stand in the docs."""
