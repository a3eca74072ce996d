"""A training step of XTTS's GPT in the way of Coqui (coqui-tts 0.28): its `GPTTrainer`, its data.

The order of work is that of its trainer without mixed precision: each clip's file is read twice
(whole, and for the excerpt that is conditioned on) and its text cut into tokens, both mel
spectrograms are made, the DVAE codes the padded batch, then forward with part of the targets masked
(`gpt_use_masking_gt_prompt_approach`, its default), backward, AdamW. Files are read by soundfile:
torchaudio's own reader needs FFmpeg. Also writes files in the published formats, with random
weights, from which either side is built.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import soundfile
import torch
import TTS.tts.layers.xtts.trainer.dataset as upstream_dataset
from torch import Tensor
from TTS.tts.configs.xtts_config import XttsAudioConfig
from TTS.tts.layers.xtts.dvae import DiscreteVAE
from TTS.tts.layers.xtts.trainer.gpt_trainer import GPTArgs, GPTTrainer, GPTTrainerConfig

from benchmarks.speech_project import LANGUAGE

NUM_CODES, LONGEST_EXCERPT = 1024, 132_300

LOSS_WEIGHTS = {"loss_text_ce": 0.01, "loss_mel_ce": 1.0}


def config_of(folder: Path, num_layers: int, dim: int, num_heads: int) -> GPTTrainerConfig:
    """What Coqui's fine-tuning recipe sets, for a GPT of these sizes and the files of a folder."""
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
        gpt_loss_text_ce_weight=LOSS_WEIGHTS["loss_text_ce"],
        gpt_loss_mel_ce_weight=LOSS_WEIGHTS["loss_mel_ce"],
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


def write_files(folder: Path, vocabulary: str, config: GPTTrainerConfig) -> None:
    """What XTTS is published as, with a DVAE of its real size; model.pth is there, and empty."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(vocabulary, encoding="utf-8")
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


class UpstreamTraining:
    """Coqui's trainer, its parts called in its order. `samples` are (file, transcript)."""

    def __init__(self, config: GPTTrainerConfig, samples: Mapping[str, tuple[Path, str]]) -> None:
        upstream_dataset.load_audio = _load_audio
        self.model = GPTTrainer(config)
        del self.model.xtts.hifigan_decoder
        _move(self.model.xtts.gpt)
        self.gpt = self.model.xtts.gpt
        self.optimizer = self.model.get_optimizer()
        self.spent: dict[str, float] = defaultdict(float)
        """CPU seconds of each section of all steps so far."""
        # A dataset draws its clips itself: one of each clip is a way to say which.
        self._clips = {id_: self._only(config, *sample) for id_, sample in samples.items()}

    def step(self, ids: Sequence[str]) -> None:
        """One step on the clips of these ids."""
        timed = self._timed
        self.gpt.train()
        with timed("files read twice, text tokens"):
            clips = [self._clips[id_] for id_ in ids]
            batch = self.model.format_batch(clips[0].collate_fn([clip[0] for clip in clips]))
        with timed("mels and the DVAE's codes"):
            batch = self.model.format_batch_on_device(batch)
        with timed("forward"):
            losses = self.model.train_step(batch, None)[1]
        with timed("backward"):
            losses["loss"].backward()
        with timed("AdamW"):
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
        for loss in losses.values():
            loss.item()

    def gradients(self, batch: Mapping[str, Tensor], mels: Tensor) -> dict[str, Tensor]:
        """Of a batch of ours, with mels [B, 80, frames] without padding; nothing is masked."""
        self.gpt.eval()
        samples = batch["code_lengths"] * self.gpt.code_stride_len
        text, codes = batch["text"].clone(), batch["codes"].clone()  # it writes into them
        text_ce, mel_ce, _ = self.gpt(text, batch["text_lengths"], codes, samples, cond_mels=mels)
        loss = LOSS_WEIGHTS["loss_text_ce"] * text_ce + LOSS_WEIGHTS["loss_mel_ce"] * mel_ce
        named = dict(self.gpt.named_parameters())
        return dict(zip(named, torch.autograd.grad(loss, [*named.values()]), strict=True))

    def speaker(self) -> "UpstreamSpeaker":
        """The same GPT with the layers it speaks by."""
        return UpstreamSpeaker(self.gpt)

    @contextmanager
    def _timed(self, section: str) -> Iterator[None]:
        started = time.process_time()
        yield
        self.spent[section] += time.process_time() - started

    def _only(self, config: GPTTrainerConfig, path: Path, text: str) -> Any:
        sample = {"audio_file": str(path), "text": text, "language": LANGUAGE}
        tokenizer = self.model.xtts.tokenizer
        return upstream_dataset.XTTSDataset(config, [sample], tokenizer, 22_050)


class UpstreamSpeaker:
    """Speech by `transformers`' generate, with the sampling of `Xtts.inference`."""

    def __init__(self, gpt: Any) -> None:
        self.gpt = gpt.eval()
        gpt.init_gpt_for_inference()
        gpt.gpt_inference.eval()

    @torch.no_grad()
    def say(self, latents: Tensor, text: Tensor, num_codes: int) -> Tensor:
        """So many codes (of a GPT that does not stop) of text ids [1, T]."""
        self.gpt.max_gen_mel_tokens = num_codes
        said: Tensor = self.gpt.generate(
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
        return said[0]


def _load_audio(path: str, sample_rate: int) -> Tensor:
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == sample_rate
    return torch.from_numpy(samples)[None].clip_(-1, 1)


@torch.no_grad()
def _move(network: torch.nn.Module) -> None:
    """Zeros would hide what is behind them: the conditioning's attention adds nothing at first."""
    for parameter in network.parameters():
        parameter.add_(torch.randn_like(parameter), alpha=0.01)
