"""Features that are computed once for a corpus and cached: tokenizer, text tokens, codes.

All files and their keys are here. `utterances.py` says in which order they are made.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from attrs import frozen

from engine.analysis.codec.audio_codec import AudioCodec
from engine.corpus import Corpus
from engine.features.cache import Features
from engine.features.many_files import Job, make_files
from engine.files.source_code import digest_of_code, import_closure
from engine.recipe import to_plain
from engine.recipe.code import preparing_digest
from engine.recipe.params import Work
from engine.system_support.clip_shards import shards_of
from engine.systems.codec_lm.data.assets import CodecLmAssets
from engine.systems.codec_lm.data.coded_shard import CODE_TYPE, CodeShard
from engine.systems.codec_lm.data.eligible import Eligible, eligible_clips
from engine.systems.codec_lm.data.kept_eligible import read_eligible, write_eligible
from engine.systems.codec_lm.higgs.tokens import TOKENIZER, HiggsTokens, new_tokens
from engine.systems.codec_lm.recipe import CodecLmRecipe

_SHARD_SECONDS = 300.0
"""Hours of audio in a file of codes: the work that a kill loses at most."""
_APART = ("engine.corpus", "engine.errors", "engine.files", "engine.recipe")
"""Code that keeps and says, or whose effect stands in a key by another name."""


@frozen
class CachedFeatures:
    """The features of a recipe's corpus: each is read from the cache, or computed and cached."""

    recipe: CodecLmRecipe
    corpus: Corpus
    cache: Features
    work: Work
    """Workers that encode audio where there is no GPU; a GPU is used by this process alone."""

    def new_tokens(self, num_tokens: int) -> HiggsTokens:
        """A tokenizer that is fitted to the corpus's transcripts."""
        instruction = self.recipe.dataset.instruction
        key = self._text_key() | {"num_tokens": num_tokens, "instruction": instruction}

        def write(path: Path) -> None:
            texts = (clip.text for clip in self.corpus.manifest.clips)
            made = new_tokens((text for text in texts if text), instruction, num_tokens)
            path.write_text(made.content, encoding="utf-8")

        return HiggsTokens.read(self.cache.file(TOKENIZER, key, write).read_text("utf-8"))

    def eligible(self, assets: CodecLmAssets) -> Eligible:
        """The clips that can be used, as text tokens, and the clips that are left out.

        Raises UserError as `eligible_clips` does.
        """
        clips, frames = self.corpus.manifest.clips, self._num_frames(assets.codec)
        key = self._text_key() | {
            "audio": self.corpus.digest_at(assets.codec.sample_rate_hz),
            "dataset": json.dumps(to_plain(self.recipe.dataset)),
            "assets": assets.digest,
            "window": str(assets.window),
        }

        def write(path: Path) -> None:
            dataset = self.recipe.dataset
            write_eligible(eligible_clips(clips, frames, dataset, assets), path)

        return read_eligible(self.cache.file("tokens.npz", key, write), clips, frames, assets)

    def codes(self, codec: AudioCodec, rows: np.ndarray) -> tuple[np.ndarray, ...]:
        """The codes of the clips at these rows of the manifest, int16 [frames, K] each.

        They are kept in one flat array, by the digests of the codec and of the clips' audio: codes
        of another codec are another file. Groups of clips are kept besides, where they are made, so
        that a kill loses minutes and another choice of clips codes new ones alone.
        """
        counts = self._num_frames(codec)[rows]
        shards = [*shards_of(self.corpus, rows, codec.sample_rate_hz, _SHARD_SECONDS)]
        key = {"codec": codec.digest, "code": _coding_digest()}

        def fill(array: np.ndarray) -> None:
            jobs = [
                Job("shard.npy", {**key, "clips": s.digest}, CodeShard(s, codec)) for s in shards
            ]
            paths = make_files(Features(self.cache.folder), jobs, self._workers(codec), "codes")
            np.concatenate([np.load(path) for path in paths], out=array)

        shape = [int(counts.sum()), codec.num_codebooks]
        clips = {"clips": " ".join(shard.digest for shard in shards)}
        flat = self.cache.array("codes", key | clips, shape, CODE_TYPE.str, fill)
        return tuple(np.split(flat, np.cumsum(counts)[:-1]))

    def _num_frames(self, codec: AudioCodec) -> np.ndarray:
        """Frames of the codes of every clip, int64 [clips]."""
        lengths = self.corpus.packed(codec.sample_rate_hz).lengths.tolist()
        return np.array([codec.num_frames(length) for length in lengths], np.int64)

    def _workers(self, codec: AudioCodec) -> Work | None:
        return self.work if codec.device == "cpu" else None

    def _text_key(self) -> dict[str, str | int | float | None]:
        """Everything on which features of transcripts depend."""
        code = f"{preparing_digest(self.recipe)} tokenizers {version('tokenizers')}"
        return {"corpus": self.corpus.digest, "code": code}


def _coding_digest() -> str:
    """SHA-256 of the code that turns audio into codes."""
    roots = [CodeShard.__module__, AudioCodec.__module__]
    return digest_of_code(import_closure(roots, _APART))
