"""Sequences as the ids that transformers' model takes."""

from engine.systems.codec_lm.higgs.config import scratch_config
from engine.systems.codec_lm.recipe import Scratch
from engine.systems.codec_lm.speech.inputs import text_ids


def input_ids(chat, pieces):
    """One id a position, int64 [positions], with marks where columns of audio stand."""
    return text_ids(scratch_config(Scratch(), chat.codebooks, chat.tokens), pieces)
