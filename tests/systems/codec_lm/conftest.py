"""A small tokenizer with the chat's marks, and the chat of Higgs Audio v2 with it."""

import pytest
import torch

from engine.systems.codec_lm.higgs.chat import HiggsChat
from engine.systems.codec_lm.higgs.tokens import new_tokens
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from tests.systems.codec_lm.voices_project import (  # noqa: F401 (fixtures)
    make_recipe,
    make_utterances,
    own_project,
    voices_project,
)

INSTRUCTION = "Generate audio following instruction."
TEXTS = (
    "Note: the time is 10:30.",
    "It's a quiet morning, isn't it?",
    "árvíztűrő tükörfúrógép",
    "日本語 and  two spaces\nand a second line",
    "...and so on",
)


@pytest.fixture(scope="session")
def small_tokens():
    return new_tokens(TEXTS, INSTRUCTION, 320)


@pytest.fixture(scope="session")
def make_chat(small_tokens):
    """The chat for so many codebooks of so many codes."""

    def make(num_codebooks=4, codebook_size=16):
        return HiggsChat(small_tokens, Codebooks(num_codebooks, codebook_size), INSTRUCTION)

    return make


@pytest.fixture
def make_codes():
    """Codes [frames, K], drawn: make(frames, codebooks)."""

    def make(num_frames, books, seed=0):
        random = torch.Generator().manual_seed(seed)
        shape = (num_frames, books.num_codebooks)
        return torch.randint(books.codebook_size, shape, generator=random)

    return make
