"""A training step of XTTS's GPT in the way of Coqui (coqui-tts 0.28): its `GPTTrainer`, its data.

The order of work is that of its trainer without mixed precision: each clip's file is read twice
(whole, and for the excerpt that is conditioned on) and its text cut into tokens, both mel
spectrograms are made, the DVAE codes the padded batch, then forward with part of the targets masked
(`gpt_use_masking_gt_prompt_approach`, its default), backward, AdamW. Files are read by soundfile:
torchaudio's own reader needs FFmpeg. It has the engine's handling of freed memory.

Clips of 3 to 11 s have transcripts of a fitting length, and files in the published formats random
weights: the DVAE and the text vocabulary are of their real size, the GPT has 4 layers of 256
("small"), or one layer of the real width of 1024 ("layer"). There 30 layers are composed: the step
with one, and 29 times that layer alone (forward, backward, AdamW) on what it was given in these
steps, with the mask that it was given. Cantus's codes are made before, as a run makes them once.
Coqui draws clips at random, and so it does here; one way of Cantus has the same batches.
"""

import json
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import soundfile
import torch
import TTS.tts.layers.xtts.trainer.dataset as upstream_dataset
from torch import Tensor, nn
from TTS.tts.configs.xtts_config import XttsAudioConfig
from TTS.tts.layers.xtts.dvae import DiscreteVAE
from TTS.tts.layers.xtts.trainer.gpt_trainer import GPTArgs, GPTTrainer, GPTTrainerConfig

from benchmarks.cantus import Cantus, differences
from benchmarks.comparison import Batches, Comparison, Part, Times, Training
from benchmarks.speech_project import LANGUAGE, NUM_CLIPS, speech_project
from engine.nn.cpu.memory import keep_freed_memory
from engine.project import Project
from engine.systems.xtts.speech.decode import Sampling, decode
from engine.training.system import Batch, System

RECIPE, BATCH_SIZE = "xtts_phase1", 3
SIZES = {"small": (4, 256, 4), "layer": (1, 1024, 16)}
"""Layers, width, heads."""
NUM_BATCHES = {"small": 16, "layer": 6}
NUM_LAYERS, NUM_SPOKEN = 30, 150
"""Layers of the published GPT; codes per round of decoding: six seconds."""
NUM_CODES, LONGEST_EXCERPT = 1024, 132_300
LOSS_WEIGHTS = {"text_ce": 0.01, "mel_ce": 1.0}

_COQUI, _SORTED, _SAME, _BF16 = "coqui", "cantus", "cantus, coqui's batches", "cantus, bf16"
_STEP, _ALONE = f"1 of {NUM_LAYERS} layers", "the layer alone"
_OVERRIDES = (
    "dataset.corpus='speech'",
    f"dataset.languages=['{LANGUAGE}']",
    f"dataset.language='{LANGUAGE}'",
    "model.folder='published'",
    f"training.batch_size={BATCH_SIZE}",
)


def comparison(size: str) -> Comparison:
    """Coqui's trainer, and Cantus in three ways; the layer alone needs no other order of clips."""
    overrides = {_BF16: (*_OVERRIDES, "training.precision='bf16'")}
    parts = LayerWay if size == "layer" else SpeakingWay

    def cantus(way: str, project: Project) -> Cantus:
        return parts(project, RECIPE, overrides.get(way, _OVERRIDES), as_drawn=way == _SAME)

    def apart(project: Project) -> dict[str, float]:
        torch.manual_seed(1)
        return differences(project, RECIPE, _OVERRIDES, UpstreamTraining(project, size))

    ways = (_SORTED, _BF16) if size == "layer" else (_SORTED, _SAME, _BF16)
    return Comparison(
        project=partial(_project, size=size),
        num_clips=NUM_CLIPS * 3 // 4,
        ways={
            _COQUI: lambda project: UpstreamTraining(project, size),
            **{way: partial(cantus, way) for way in ways},
        },
        differences={_SORTED: apart},
        batch_size=BATCH_SIZE,
        num_batches=NUM_BATCHES[size],
        units={"code": NUM_SPOKEN},
        composed=_composed if size == "layer" else lambda _: {},
    )


def _project(root: Path, size: str) -> Project:
    """Files as published, codes made as a run makes them once, and the training clips."""
    project = speech_project(root)
    write_files(root / "published", root / "vocab.json", config_of(root / "published", size))
    system: Any = Cantus(project, RECIPE, _OVERRIDES).system
    texts = {clip.id: clip.text or "" for clip in system.corpus.manifest.clips}
    files = root / "data" / "speech"
    clips = [(str(files / f"{Path(id_).stem}.wav"), texts[id_]) for id_ in system.train_clips.ids]
    (root / "trained_on.json").write_text(json.dumps(clips), encoding="utf-8")
    return project


def _composed(times: Times) -> Times:
    """What a step with all layers would take."""
    composed = {
        way: [
            step + (NUM_LAYERS - 1) * layer
            for step, layer in zip(steps, times[_ALONE][way], strict=True)
        ]
        for way, steps in times[_STEP].items()
    }
    return {f"{NUM_LAYERS} layers, composed": composed}


def config_of(folder: Path, size: str) -> GPTTrainerConfig:
    """What Coqui's fine-tuning recipe sets, for a GPT of a size and the files of a folder."""
    num_layers, dim, num_heads = SIZES[size]
    args = GPTArgs(
        min_conditioning_length=LONGEST_EXCERPT // 2,
        max_conditioning_length=LONGEST_EXCERPT,
        max_wav_length=255_995,
        max_text_length=200,
        tokenizer_file=str(folder / "vocab.json"),
        mel_norm_file=str(folder / "mel_stats.pth"),
        dvae_checkpoint=str(folder / "dvae.pth"),
        gpt_layers=num_layers,
        gpt_n_model_channels=dim,
        gpt_n_heads=num_heads,
        gpt_num_audio_tokens=NUM_CODES + 2,
        gpt_start_audio_token=NUM_CODES,
        gpt_stop_audio_token=NUM_CODES + 1,
        gpt_use_masking_gt_prompt_approach=True,
        gpt_use_perceiver_resampler=True,
        gpt_loss_text_ce_weight=LOSS_WEIGHTS["text_ce"],
        gpt_loss_mel_ce_weight=LOSS_WEIGHTS["mel_ce"],
    )
    return GPTTrainerConfig(
        model_args=args,
        audio=XttsAudioConfig(sample_rate=22_050, dvae_sample_rate=22_050),
        optimizer="AdamW",
        optimizer_wd_only_on_weights=True,
        optimizer_params={"betas": [0.9, 0.96], "eps": 1e-8, "weight_decay": 1e-2},
        lr=1.5e-6,
        languages=[LANGUAGE],
    )


def write_files(folder: Path, vocabulary: Path, config: GPTTrainerConfig) -> None:
    """What XTTS is published as, with a DVAE of its real size; model.pth is there, and empty."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary.rename(folder / "vocab.json")
    (folder / "model.pth").touch()
    dvae = DiscreteVAE(
        channels=80,
        normalization=None,
        positional_dims=1,
        num_tokens=NUM_CODES,
        codebook_dim=512,
        hidden_dim=512,
        num_resnet_blocks=3,
        kernel_size=3,
        num_layers=2,
        use_transposed_convs=False,
    )
    torch.save(dvae.state_dict(), folder / "dvae.pth")
    torch.save(torch.rand(80) + 4, folder / "mel_stats.pth")
    config.save_json(str(folder / "config.json"))


class UpstreamTraining(Training):
    """Coqui's trainer, its parts called in its order."""

    def __init__(self, project: Project, size: str) -> None:
        keep_freed_memory()
        config = config_of(project.root / "published", size)
        upstream_dataset.load_audio = _load_audio
        self.model = GPTTrainer(config)
        del self.model.xtts.hifigan_decoder
        _move(self.model.xtts.gpt)
        self.gpt = self.model.xtts.gpt
        self.optimizer = self.model.get_optimizer()
        # A dataset draws its clips itself: one of each clip is a way to say which.
        clips = json.loads((project.root / "trained_on.json").read_text(encoding="utf-8"))
        self._clips = [self._only(config, *clip) for clip in clips]
        self._layer = OneLayer(self.gpt.gpt.h[0], fused=False) if size == "layer" else None

    def parts(self) -> dict[str, Part]:
        """See `Training`."""
        if self._layer is not None:
            return {_STEP: self.steps, _ALONE: self._layer.train}
        return {"step": self.steps, "code": self._speak}

    @torch.no_grad()
    def _speak(self, _: Batches) -> None:
        """Speech by `transformers`' generate, with the sampling of `Xtts.inference`."""
        latents, text = _prompt(self.gpt.eval(), self.model.args.gpt_n_model_channels)
        if not hasattr(self.gpt, "gpt_inference"):
            self.gpt.init_gpt_for_inference()
        self.gpt.gpt_inference.eval()
        self.gpt.max_gen_mel_tokens = NUM_SPOKEN
        said = self.gpt.generate(
            latents,
            text,
            do_sample=True,
            temperature=0.75,
            top_k=50,
            top_p=0.85,
            repetition_penalty=10.0,
            num_beams=1,
            num_return_sequences=1,
            length_penalty=1.0,
            output_attentions=False,
        )
        assert len(said[0]) == NUM_SPOKEN

    def step(self, clips: Sequence[int]) -> None:
        """See `Training`."""
        self.gpt.train()
        given = [self._clips[clip] for clip in clips]
        batch = self.model.format_batch(given[0].collate_fn([clip[0] for clip in given]))
        batch = self.model.format_batch_on_device(batch)
        losses = self.model.train_step(batch, None)[1]
        losses["loss"].backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        for loss in losses.values():
            loss.item()

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """See `Upstream`."""
        return {"network": self.gpt.state_dict()}

    def batch(self, system: System) -> Batch:
        """See `Upstream`: without dropout, voices of one length, so that none is padded."""
        clips: Any = system.train_clips
        system.module.eval()
        long = [i for i in range(len(clips)) if len(clips.audio(i)) >= LONGEST_EXCERPT]
        chosen = long[:BATCH_SIZE]
        voice = torch.stack([clips.audio(clip)[:LONGEST_EXCERPT] for clip in chosen])
        lengths = torch.full((BATCH_SIZE,), LONGEST_EXCERPT)
        return {**clips.evaluated(chosen), "voice": voice, "voice_lengths": lengths}

    def gradients(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """See `Upstream`: nothing is masked."""
        self.gpt.eval()
        samples = batch["code_lengths"] * self.gpt.code_stride_len
        text, codes = batch["text"].clone(), batch["codes"].clone()  # it writes into them
        lengths = batch["text_lengths"]
        text_ce, mel_ce, _ = self.gpt(text, lengths, codes, samples, cond_mels=batch["mels"])
        losses = {"text_ce": text_ce, "mel_ce": mel_ce}
        loss = torch.stack([LOSS_WEIGHTS[name] * one for name, one in losses.items()]).sum()
        named = dict(self.gpt.named_parameters(prefix="network"))
        return losses, dict(zip(named, torch.autograd.grad(loss, [*named.values()]), strict=True))

    def _only(self, config: GPTTrainerConfig, path: str, text: str) -> Any:
        sample = {"audio_file": path, "text": text, "language": LANGUAGE}
        tokenizer = self.model.xtts.tokenizer
        return upstream_dataset.XTTSDataset(config, [sample], tokenizer, 22_050)


class SpeakingWay(Cantus):
    """Cantus's steps, and its speech."""

    def parts(self) -> dict[str, Part]:
        """See `Training`."""
        return {"step": self.steps, "code": self._speak}

    @torch.no_grad()
    def _speak(self, _: Batches) -> None:
        gpt: Any = self.system.module.network
        latents, text = _prompt(gpt.eval(), gpt.settings.dim)
        said = decode(gpt, latents, [text[0]], Sampling(), None, NUM_SPOKEN)
        assert len(said.codes[0]) == NUM_SPOKEN
        gpt.train()


class LayerWay(Cantus):
    """Cantus's steps with one layer, and that layer alone."""

    def parts(self) -> dict[str, Part]:
        """See `Training`."""
        network: Any = self.system.module.network
        layer = OneLayer(network.gpt.h[0], fused=True, bf16=self.precision == "bf16")
        return {_STEP: self.steps, _ALONE: layer.train}


class OneLayer:
    """The first layer of a transformer: trained alone on what it was given in steps before."""

    def __init__(self, layer: nn.Module, fused: bool, bf16: bool = False) -> None:
        self._layer, self._fused, self._bf16 = layer, fused, bf16
        self._given = list[tuple[list[Any], dict[str, Any]]]()
        # Both AdamWs as their sides have them; the rate leaves the weights as they are.
        self._optimizer = torch.optim.AdamW(layer.parameters(), lr=1e-12, fused=fused)
        layer.register_forward_pre_hook(self._note, with_kwargs=True)

    def _note(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        x, _, *others = args  # the second are keys and values before x: Coqui keeps x's in them
        self._given.append(([x, None, *others], kwargs))

    def train(self, _: Batches) -> None:
        """A step of the layer alone on each input since the last time."""
        given, self._given = self._given, []
        for (x, *others), kwargs in given:
            with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
                made = self._layer(x.detach().requires_grad_(), *others, **kwargs)
            made = made[0] if isinstance(made, tuple) else made
            made.backward(torch.ones_like(made))
            if self._fused:  # the engine measures the norm of each gradient
                nn.utils.clip_grad_norm_(self._layer.parameters(), math.inf)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
        self._given.clear()


def _prompt(gpt: Any, dim: int) -> tuple[Tensor, Tensor]:
    """Latents [1, 32, dim] and text ids [1, 40] to speak from, at random, without an end."""
    gpt.mel_head.bias[NUM_CODES + 1] = -100.0
    return torch.randn(1, 32, dim), torch.randint(10, 200, (1, 40))


def _load_audio(path: str, sample_rate: int) -> Tensor:
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == sample_rate
    return torch.from_numpy(samples)[None].clip_(-1, 1)


@torch.no_grad()
def _move(network: torch.nn.Module) -> None:
    """Zeros would hide what is behind them: the conditioning's attention adds nothing at first."""
    for parameter in network.parameters():
        parameter.add_(torch.randn_like(parameter), alpha=0.01)
