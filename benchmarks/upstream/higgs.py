"""A training step of Higgs Audio v2 by `transformers` alone: its model, loss and `Trainer`.

Upstream is a plain `Trainer` on `HiggsAudioV2ForConditionalGeneration`: clips of a batch at random,
padded on the right, the model's own forward and loss, backward, clipping, fused AdamW. Its loop is
called step by step (`training_step`, `clip_grad_norm_`, `step`), so that ways can take turns; what
`Trainer.train` adds around a step is left out, in its favour. It is measured twice: with the codes
and tokens that Cantus made once, and with audio read and encoded and text cut into tokens in each
step, as existing training repositories do. Labels are those of Cantus: the processor's differ.

Codec and clips are made on the spot (`voices_project.py`). The codec that stands in is far smaller
than the published one, so that the first way is too fast. Both sides begin at the same weights, and
draw references alike.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import soundfile
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import Trainer, TrainingArguments

from benchmarks.cantus import Cantus, differences
from benchmarks.comparison import Batches, Comparison, Training
from benchmarks.padding import padding, work_on_padding
from benchmarks.voices_project import CODEC, CORPUS, MODEL, NUM_TRAINED, Sizes, voices_project
from engine.nn.cpu.memory import keep_freed_memory
from engine.project import Project
from engine.systems.codec_lm.recipe import Scratch
from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.packing import pack
from engine.systems.codec_lm.sequence.pieces import AudioPiece, Piece, TextPiece
from engine.training.system import Batch, System

RECIPE = "higgs_zero_shot"
SIZES = {
    "demo": Sizes(model=Scratch(), num_tokens=384, num_codes=128, seconds=(0.6, 1.0)),
    "vocabulary": Sizes(
        model=Scratch(num_layers=2, dim=64, ffn_dim=128),
        num_tokens=128_256,
        num_codes=1024,
        seconds=(1.5, 4.0),
    ),
    "body": Sizes(
        model=Scratch(num_layers=4, dim=512, num_heads=8, num_key_heads=4, ffn_dim=1365),
        num_tokens=2048,
        num_codes=1024,
        seconds=(1.5, 4.0),
    ),
}
"""The demo's; the published vocabularies with a narrow body; a wider body."""
BATCH_SIZES, NUM_BATCHES = {"demo": 16, "vocabulary": 4, "body": 4}, 4

_CACHED, _LIVE = "trainer, cached codes", "trainer, encoding on the fly"
_SORTED, _SAME = "cantus", "cantus, trainer's batches"


def comparison(size: str) -> Comparison:
    """The plain trainer in two ways, and Cantus in two."""
    overrides = _overrides(size)

    def apart(project: Project) -> dict[str, float]:
        upstream = TrainerWay(project, overrides, is_cached=True)
        return differences(project, RECIPE, overrides, upstream)

    return Comparison(
        project=partial(voices_project, sizes=SIZES[size]),
        num_clips=NUM_TRAINED,
        ways={
            _CACHED: lambda project: TrainerWay(project, overrides, is_cached=True),
            _LIVE: lambda project: TrainerWay(project, overrides, is_cached=False),
            _SORTED: lambda project: Cantus(project, RECIPE, overrides),
            _SAME: lambda project: Cantus(project, RECIPE, overrides, as_drawn=True),
        },
        differences={_SORTED: apart},
        facts=lambda project: _facts(project, overrides, BATCH_SIZES[size]),
        batch_size=BATCH_SIZES[size],
        num_batches=NUM_BATCHES,
    )


def _overrides(size: str) -> tuple[str, ...]:
    """The losses are weighed as transformers does, by the number of codebooks."""
    return (
        f"dataset.corpus='{CORPUS}'",
        "dataset.num_seen_clips=0",
        f"codec.folder='{CODEC}'",
        f"model.folder='{MODEL}'",
        "model.activation_checkpointing=false",
        "losses.audio_ce=8.0",
        "losses.text_ce=1.0",
        "training.precision='fp32'",
        "training.num_micro_batches=1",
        f"training.batch_size={BATCH_SIZES[size]}",
    )


def _facts(project: Project, overrides: Sequence[str], batch_size: int) -> dict[str, float]:
    """Positions of a step without padding, bytes between steps, and padding.

    Of Cantus token-wise layers have none, and rows of attention have.
    """
    ours = Cantus(project, RECIPE, overrides)
    system: Any = ours.system
    random = np.random.default_rng(3)
    rounds = random.permutation(NUM_TRAINED).reshape(-1, NUM_BATCHES, batch_size).tolist()
    drawn = _lengths(system, [batch for batches in rounds for batch in batches])
    by_length = _lengths(system, [one for batches in rounds for one in ours.by_length(batches)])
    config = system.module.network.model.config
    shares = {
        "padding of token-wise layers, cantus": 0.0,
        "padding of attention rows, cantus": padding(by_length),
        "work of layers on padding, cantus": work_on_padding(by_length, config),
        "padding of all layers, trainer": padding(drawn),
    }
    return {
        "positions_per_step": round(sum(map(sum, drawn)) / len(drawn), 1),
        "weights_and_moments_mib": round(3 * _num_bytes(system.module) / 2**20, 1),
        **{name: round(share, 4) for name, share in shares.items()},
    }


def _lengths(system: Any, batches: Batches) -> list[list[int]]:
    """Positions of each clip's sequence, with its fixed reference."""
    found = []
    for batch in batches:
        packed = pack(system.module.sequences(system.train_clips.evaluated(batch)), "cpu")
        found.append(packed.clips.bincount().tolist())
    return found


def _num_bytes(module: nn.Module) -> int:
    return sum(parameter.nbytes for parameter in module.parameters())


class TrainerWay(Training):
    """`transformers.Trainer` on the model class of `transformers`, begun at Cantus's weights."""

    def __init__(self, project: Project, overrides: Sequence[str], *, is_cached: bool) -> None:
        keep_freed_memory()
        ours: Any = Cantus(project, RECIPE, overrides).system
        self._clips, self._chat, self._codec = ours.train_clips, ours.module.chat, ours.assets.codec
        self.model = ours.module.network.model
        audio = project.root / "data" / CORPUS
        of_corpus = {clip.id: clip for clip in ours.corpus.manifest.clips}
        clips = [of_corpus[id_] for id_ in self._clips.ids]
        self._files = [str(audio / f"{Path(clip.id).stem}.wav") for clip in clips]
        self._texts = [clip.text or "" for clip in clips]
        self._read = self._cached if is_cached else self._encoded
        self._random = np.random.default_rng(1)
        arguments = TrainingArguments(mkdtemp(), use_cpu=True, report_to="none", max_grad_norm=1.0)
        self._trainer = Trainer(self.model, arguments)
        self._trainer.create_optimizer_and_scheduler(1_000_000)

    def step(self, clips: Sequence[int]) -> None:
        """See `Training`: the order of work of `Trainer._inner_training_loop`."""
        trainer = self._trainer
        assert trainer.optimizer is not None, "made in __init__"
        assert trainer.lr_scheduler is not None, "made in __init__"
        inputs = self._collated(list(self._sequences(clips)))
        asked = (inputs["labels"] != IGNORED).sum()
        trainer.training_step(self.model, inputs, num_items_in_batch=asked)
        trainer.accelerator.clip_grad_norm_(self.model.parameters(), trainer.args.max_grad_norm)
        trainer.optimizer.step()
        trainer.lr_scheduler.step()
        self.model.zero_grad()

    def _sequences(self, clips: Sequence[int]) -> Iterator[list[Piece]]:
        for clip in clips:
            reference = self._clips.references.draw(clip, self._random)
            (text, target), (said, voice) = self._read(clip), self._read(reference)
            yield self._chat.pieces(text, said, voice, target)

    def _encoded(self, clip: int) -> tuple[Tensor, Tensor]:
        samples, _ = soundfile.read(self._files[clip], dtype="float32")
        codes = self._codec.encode(torch.from_numpy(samples))
        return torch.tensor(self._chat.tokens.encode(self._texts[clip])), codes

    def _cached(self, clip: int) -> tuple[Tensor, Tensor]:
        text, codes = self._clips.texts[clip], self._clips.codes[clip]
        return torch.from_numpy(text.astype(np.int64)), torch.from_numpy(codes.astype(np.int64))

    def _collated(self, sequences: Sequence[list[Piece]]) -> dict[str, Tensor]:
        """What the model's forward takes, padded on the right."""

        def rows(of_text: Callable[[TextPiece], Tensor], of_audio: int) -> list[Tensor]:
            return [
                torch.cat(
                    [
                        of_text(piece)
                        if isinstance(piece, TextPiece)
                        else torch.full((len(piece.columns),), of_audio)
                        for piece in sequence
                    ]
                )
                for sequence in sequences
            ]

        audio = [[p for p in sequence if isinstance(p, AudioPiece)] for sequence in sequences]
        columns = [torch.cat([piece.columns for piece in pieces]) for pieces in audio]
        labels = [torch.cat([piece.labels for piece in pieces]) for pieces in audio]
        ids = rows(lambda piece: piece.ids, self.model.config.audio_token_id)
        asked = rows(lambda piece: piece.ids.where(piece.learned, IGNORED), IGNORED)
        return {
            "input_ids": pad_sequence(ids, True, self.model.config.pad_token_id),
            "attention_mask": pad_sequence([torch.ones_like(row) for row in ids], True),
            "audio_input_ids": pad_sequence(columns, True),
            "audio_input_ids_mask": pad_sequence(
                [torch.ones(len(row), dtype=torch.bool) for row in columns], True
            ),
            "labels": pad_sequence(asked, True, IGNORED),
            "audio_labels": pad_sequence(labels, True, IGNORED),
        }

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """See `Upstream`."""
        named = self.model.state_dict().items()
        return {"network": {f"model.{name}": value for name, value in named}}

    def batch(self, system: System) -> Batch:
        """See `Upstream`."""
        clips: Any = system.train_clips
        self._system = system
        self._given = clips.evaluated(range(BATCH_SIZES["body"]))
        return self._given  # type: ignore[no-any-return]

    def gradients(self, _: Batch) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
        """See `Upstream`."""
        module: Any = self._system.module
        inputs = self._collated(module.sequences(self._given))
        text = self.model(**{**inputs, "audio_labels": None}, use_cache=False).loss
        audio = self.model(**{**inputs, "labels": None}, use_cache=False).loss
        named = {f"network.model.{name}": p for name, p in self.model.named_parameters()}
        gradients = torch.autograd.grad(text + audio, [*named.values()])
        losses = {"audio_ce": audio / self.model.config.num_codebooks, "text_ce": text}
        return losses, dict(zip(named, gradients, strict=True))
