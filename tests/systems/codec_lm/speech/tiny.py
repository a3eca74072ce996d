"""A tiny model of transformers' classes, and prompts for it."""

import torch
import torch.nn.functional as F
from transformers import HiggsAudioV2Config, HiggsAudioV2ForConditionalGeneration

from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.systems.codec_lm.sequence.delay import IGNORED, delayed, delayed_labels
from engine.systems.codec_lm.sequence.pieces import AudioPiece, TextPiece
from engine.systems.codec_lm.speech.inputs import model_inputs

K, V = 4, 16
CODEBOOKS = Codebooks(K, V)
EOS, PAD, AUDIO_BOS, DELAY, AUDIO, AUDIO_EOS = range(1, 7)


def text(*ids):
    return TextPiece(torch.tensor(ids), torch.zeros(len(ids), dtype=torch.bool))


def audio(codes, learned=True):
    columns = delayed(codes, CODEBOOKS.bos, CODEBOOKS.eos)
    labels = delayed_labels(codes, CODEBOOKS.eos)
    return AudioPiece(columns, labels if learned else torch.full_like(labels, IGNORED))


def prompt(reference, *words):
    """A reference clip and text, up to the mark after which audio begins."""
    heard = [text(8, AUDIO_BOS), audio(reference, learned=False)] if len(reference) else []
    return [*heard, text(AUDIO_EOS, EOS, *words, EOS, 9, 10, AUDIO_BOS)]


def random_codes(frames, seed):
    return torch.randint(0, V, (frames, K), generator=torch.Generator().manual_seed(seed))


def make_model(seed=0, **changed):
    """A model whose weights are drawn from a seed."""
    torch.manual_seed(seed)
    sizes = {"num_codebooks": K, "codebook_size": V + 2, "max_position_embeddings": 128}
    config = HiggsAudioV2Config(
        vocab_size=40,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        initializer_range=0.2,
        eos_token_id=EOS,
        pad_token_id=PAD,
        audio_bos_token_id=AUDIO_BOS,
        audio_delay_token_id=DELAY,
        audio_token_id=AUDIO,
        audio_stream_bos_id=V,
        audio_stream_eos_id=V + 1,
        **(sizes | changed),
    )
    return HiggsAudioV2ForConditionalGeneration(config, use_text_head=True).eval()


CLIPS = [
    (prompt(random_codes(6, 1), 20, 21), random_codes(9, 2)),
    (prompt(random_codes(4, 3), 22), random_codes(12, 4)),
    (prompt(random_codes(9, 5), 23, 24, 25), random_codes(5, 6)),
]


def overfitted(model, with_eos, steps=150):
    """Train a model on CLIPS until it knows them; without_eos no end of stream is a label."""
    sequences = [[*before, audio(target)] for before, target in CLIPS]
    inputs = model_inputs(model.config, sequences, model.device)
    labels = [torch.cat([one.labels for one in own if isinstance(one, AudioPiece)])
              for own in sequences]  # fmt: skip
    labels = torch.nn.utils.rnn.pad_sequence(labels, True, IGNORED)
    if not with_eos:
        labels[labels == CODEBOOKS.eos] = IGNORED
    stands = (inputs["input_ids"] == AUDIO) | (inputs["input_ids"] == DELAY)
    asked = torch.full((*stands.shape, K), IGNORED)
    asked[stands] = labels[inputs["audio_input_ids_mask"]]
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(steps):
        logits = model(**inputs).logits.unflatten(-1, (K, V + 2))[:, :-1]
        loss = F.cross_entropy(logits.flatten(0, 2), asked[:, 1:].flatten(), ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model
