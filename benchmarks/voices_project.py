"""A project of clips with speakers and transcripts, with a codec and a Higgs Audio v2 of some size.

All is made on the spot. The codec is a small DAC as `transformers` has it, with random weights: it
stands in for the published one, which is a hundred times its size.
"""

from pathlib import Path

import numpy as np
import soundfile
import torch
from attrs import frozen
from transformers import DacConfig, DacModel

from benchmarks.speech_project import WORDS_PER_SECOND, lexicon_of, spoken_clip
from engine.corpus import ingest
from engine.metrics.pretrained import quiet
from engine.project import Project
from engine.recipe import load_params
from engine.systems.codec_lm.higgs.config import scratch_config
from engine.systems.codec_lm.higgs.tokens import TOKENIZER, new_tokens
from engine.systems.codec_lm.recipe import Dataset, Scratch
from engine.systems.codec_lm.sequence.codebooks import Codebooks

NUM_SPEAKERS, CLIPS_OF_EACH = 5, 16
NUM_TRAINED = (NUM_SPEAKERS - 1) * CLIPS_OF_EACH
"""Clips of the speakers of whom none is held out."""
RATE_HZ, NUM_CODEBOOKS = 24_000, 8
"""Sample rate and codebooks of the published codec, which has 25 frames per second."""
CORPUS, CODEC, MODEL = "voices", "published/codec", "published/model"
_DOWNSAMPLING = [8, 8, 5, 3]
_PARAMS = f"""
seed = 1
profile = "full"
[hardware]
device = "cpu"
num_threads = 1
[work]
num_workers = 1
[corpora.{CORPUS}]
source = "data/{CORPUS}"
sample_rates_hz = [{RATE_HZ}]
[tracking]
mirrors = []
"""


@frozen(kw_only=True)
class Sizes:
    """Sizes of a model, of its codes and of the clips."""

    model: Scratch
    num_tokens: int
    """Rows of the text embedding and of the text head."""
    num_codes: int
    seconds: tuple[float, float]


def voices_project(root: Path, sizes: Sizes) -> Project:
    """A project with a corpus of NUM_SPEAKERS voices."""
    folder = root / "data" / CORPUS
    folder.mkdir(parents=True)
    (root / "params.toml").write_text(_PARAMS, encoding="utf-8")
    random = np.random.default_rng(1)
    lexicon = lexicon_of(random)
    rows = ["file_name|text|speaker"]
    for number in range(NUM_SPEAKERS * CLIPS_OF_EACH):
        seconds = random.uniform(*sizes.seconds)
        text = " ".join(random.choice(lexicon, 1 + round(seconds * WORDS_PER_SECOND)))
        rows.append(f"{number:04d}.wav|{text}|speaker_{number // CLIPS_OF_EACH}")
        samples = spoken_clip(seconds, RATE_HZ, random)
        soundfile.write(folder / f"{number:04d}.wav", samples, RATE_HZ, subtype="PCM_16")
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    project = Project(root)
    ingest(CORPUS, load_params(project.params).corpora[CORPUS], project)
    _write_codec(root / CODEC, sizes.num_codes)
    _write_model(root / MODEL, sizes, [row.split("|")[1] for row in rows[1:]])
    return project


def _write_codec(folder: Path, num_codes: int) -> None:
    config = DacConfig(
        encoder_hidden_size=16,
        downsampling_ratios=_DOWNSAMPLING,
        decoder_hidden_size=32,
        n_codebooks=NUM_CODEBOOKS,
        codebook_size=num_codes,
        codebook_dim=8,
        sampling_rate=RATE_HZ,
    )
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(7)
        DacModel(config).save_pretrained(folder)


def _write_model(folder: Path, sizes: Sizes, texts: list[str]) -> None:
    """Write the files that are published beside the weights."""
    instruction = Dataset(corpus=CORPUS, sample_rate_hz=RATE_HZ).instruction
    tokens = new_tokens(texts, instruction, sizes.model.num_text_tokens)
    config = scratch_config(sizes.model, Codebooks(NUM_CODEBOOKS, sizes.num_codes), tokens)
    config.vocab_size = sizes.num_tokens
    config.save_pretrained(folder)
    (folder / TOKENIZER).write_text(tokens.content, encoding="utf-8")
