"""Tiny models that know clips by heart, and the prompts of these clips."""

import torch
from attrs import evolve

from engine.systems.codec_lm.higgs.chat import HiggsChat
from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.packing import pack
from engine.systems.codec_lm.sequence.pieces import AudioPiece
from tests.systems.codec_lm.tiny_higgs import CODEBOOKS as K
from tests.systems.codec_lm.tiny_higgs import CODES as V
from tests.systems.codec_lm.tiny_higgs import tiny_config, tiny_tokens

BOOKS = Codebooks(K, V)
CHAT = HiggsChat(tiny_tokens(), BOOKS, "Speak.")
CPU = torch.device("cpu")


def ids(text):
    return torch.tensor(tiny_tokens().encode(text) if text else [], dtype=torch.long)


def random_codes(frames, seed):
    return torch.randint(0, V, (frames, K), generator=torch.Generator().manual_seed(seed))


def sequence(clip, with_target=True):
    """The pieces of a clip: text, reference and its text, target."""
    text, said, reference, target = clip
    return CHAT.pieces(ids(text), ids(said), reference, target if with_target else None)


CLIPS = [
    ("one two", "three", random_codes(6, 1), random_codes(9, 2)),
    ("four", "five six", random_codes(4, 3), random_codes(12, 4)),
    ("two three four", "one", random_codes(9, 5), random_codes(5, 6)),
]
SEQUENCES = [sequence(clip) for clip in CLIPS]
PROMPTS = [sequence(clip, with_target=False) for clip in CLIPS]
TARGETS = [target.tolist() for *_, target in CLIPS]


def untrained(**changed):
    """A network whose weights are as they start, or a little larger."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return CodecLmNetwork(tiny_config(initializer_range=0.2, **changed)).eval()


def overfitted(sequences, with_eos=True, steps=120):
    """A network that was trained on some sequences until it knows them.

    Without `with_eos` no end of stream is a label, as with the labels of transformers' processor.
    """
    packed = pack([pieces if with_eos else without_eos(pieces) for pieces in sequences], CPU)
    return train(untrained(), packed, steps)


def train(network, packed, steps):
    """Train a network on the same sequences over and over."""
    network.train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    for _ in range(steps):
        costs = network(packed)
        loss = costs.audio_nats.sum() / costs.num_audio.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


def without_eos(pieces):
    return [
        evolve(piece, labels=piece.labels.masked_fill(piece.labels == BOOKS.eos, IGNORED))
        if isinstance(piece, AudioPiece)
        else piece
        for piece in pieces
    ]
