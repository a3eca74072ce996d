"""The model's logits step by step with a cache, as in generation.

Training, which computes whole sequences at once, must give the same logits: in float32, logits of
about 1 differ by about 1e-6, and by 0.01 and more where positions, marks, codes or cache differ.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import HiggsAudioV2ForConditionalGeneration

from engine.systems.codec_lm.sequence.pieces import AudioPiece, Piece
from engine.systems.codec_lm.speech.inputs import model_inputs


def up_to_target(pieces: Sequence[Piece]) -> tuple[Sequence[Piece], AudioPiece]:
    """The pieces before a sequence's last audio, and that audio."""
    last = max(i for i, piece in enumerate(pieces) if isinstance(piece, AudioPiece))
    target = pieces[last]
    assert isinstance(target, AudioPiece), "just looked for"
    return pieces[:last], target


@torch.inference_mode()
def cached_logits(
    model: HiggsAudioV2ForConditionalGeneration, prompt: Sequence[Piece], columns: Tensor
) -> Tensor:
    """Logits float32 [C, K * (V + 2)] that predict columns [C, K], fed one by one after a prompt.

    They are fed as `generate` of transformers feeds them: codes alone, with a cache.
    """
    out = model(**model_inputs(model.config, [prompt], model.device), use_cache=True)
    found = [out.logits[0, -1]]
    for column in columns[:-1].to(model.device):
        out = model(
            audio_input_ids=column[None, None],
            past_key_values=out.past_key_values,
            use_cache=True,
        )
        found.append(out.logits[0, -1])
    return torch.stack(found).float()
