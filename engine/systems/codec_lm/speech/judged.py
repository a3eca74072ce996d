"""Clones for judges: the texts of evaluation clips, and the recipe's texts."""

from collections.abc import Callable, Iterator

import numpy as np
from transformers import HiggsAudioV2ForConditionalGeneration

from engine.metrics.judges.judge import JudgedAudio
from engine.system_support.judged_clips import MadeClip
from engine.systems.codec_lm.speech.cloning import Cloning


def all_made_of(cloning: Cloning) -> list[str]:
    """Digests of everything that each clone depends on except the weights, in their order."""
    prompts = [*cloning.said_again, *cloning.spoken]
    return [cloning.made_of(prompt, seed) for seed in cloning.speech.seeds for prompt in prompts]


def made(
    cloning: Cloning,
    model: HiggsAudioV2ForConditionalGeneration,
    recording: Callable[[int], np.ndarray],
) -> Iterator[MadeClip]:
    """The clones of a model; `recording` gives an evaluation clip [samples] by its place."""
    rate = cloning.codec.sample_rate_hz
    prompts = [*cloning.said_again, *cloning.spoken]
    for clone in cloning.clones(model, prompts, cloning.speech.seeds):
        prompt = clone.prompt
        voice = recording(prompt.reference)
        audio = JudgedAudio(clone.audio, rate, None, voice, prompt.text)
        name = f"{prompt.name}, seed {clone.seed}"
        yield MadeClip(name, cloning.made_of(prompt, clone.seed), audio)
