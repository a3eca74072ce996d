"""The vocabulary, audio codes and sizes that a GPT is made for."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from attrs import frozen
from torch import Tensor

from engine.errors import RefusedValuesError, UserError
from engine.project import Project
from engine.systems.xtts.data.audio_codes import AudioCodes
from engine.systems.xtts.files.differences import load_strictly
from engine.systems.xtts.files.published import PublishedXtts, read_published
from engine.systems.xtts.files.weights import load_dvae_state
from engine.systems.xtts.network.dvae import Dvae, settings_of
from engine.systems.xtts.network.gpt import GptSettings
from engine.systems.xtts.recipe import NewLanguage, Published, Scratch
from engine.systems.xtts.text.normalize import normalize
from engine.systems.xtts.text.tokenizer import Tokenizer
from engine.systems.xtts.text.vocabulary import character_vocabulary, extend_vocabulary

NO_LICENCE = "yours: nothing published is in them"
_AUDIO = {"sample_rate": 22_050, "output_sample_rate": 24_000}


@frozen(eq=False)
class Vocabulary:
    """A vocabulary, by which transcripts become tokens."""

    content: str
    """Content of vocab.json."""
    tokenizer: Tokenizer
    extends: str | None = None
    """Content of the published vocabulary, where this one adds tokens of a language."""


@frozen(eq=False)
class XttsAssets:
    """The vocabulary, audio codes, sizes and configuration that give a GPT's weights a meaning."""

    vocabulary: Vocabulary
    audio_codes: AudioCodes
    settings: GptSettings
    config: Mapping[str, Any]
    """Content of config.json, as Coqui reads it."""
    licence: str
    """Licence of the trained weights."""
    published: PublishedXtts | None

    @property
    def mel_stats(self) -> Tensor:
        """Divisors [80] of the bands of conditioning mels."""
        stats: Tensor = self.audio_codes.mel.mel_stats
        return stats

    @property
    def digest(self) -> bytes:
        """SHA-256 of vocabulary and audio codes: with another digest tokens mean other things."""
        digest = hashlib.sha256(self.vocabulary.content.encode())
        for name, tensor in sorted(self.audio_codes.state_dict().items()):
            digest.update(name.encode() + tensor.cpu().contiguous().numpy().tobytes())
        return digest.digest()


def published_vocabulary(model: Published, project: Project) -> Vocabulary:
    """The published vocabulary. Raises UserError where the files are not there."""
    path = read_published(project.root / model.folder).vocabulary
    return Vocabulary(path.read_text("utf-8"), Tokenizer.open(path))


def extended_vocabulary(
    published: Vocabulary, new: NewLanguage, transcripts: Iterable[str]
) -> Vocabulary:
    """The published vocabulary with tokens for the transcripts of a language that it lacks.

    Raises UserError where it has the language already, no transcript can be spoken, or the tokens
    are too few for its letters.
    """
    spoken = list(_spoken((text, new.language) for text in transcripts))
    content = extend_vocabulary(published.content, spoken, new.language, new.num_tokens)
    if not spoken:
        raise RefusedValuesError(
            f"model.new_language: no clip of the corpus is in {new.language!r} and can be spoken, "
            "so no tokens can be learned. Give clips that language (the manifest's, or "
            "dataset.language), or leave the table out."
        )
    return Vocabulary(content, Tokenizer.read(content), published.content)


def scratch_vocabulary(
    model: Scratch, transcripts: Iterable[tuple[str, str]], languages: Sequence[str]
) -> Vocabulary:
    """A vocabulary of the letters of (transcript, language) pairs that can be spoken."""
    content = character_vocabulary(_spoken(transcripts), languages, model.num_merges)
    return Vocabulary(content, Tokenizer.read(content))


def _spoken(transcripts: Iterable[tuple[str, str]]) -> Iterator[str]:
    for text, language in transcripts:
        with suppress(UserError):  # `eligible_clips` names the clip as left out
            yield normalize(text, language.split("-")[0])


def published_assets(model: Published, vocabulary: Vocabulary, project: Project) -> XttsAssets:
    """The published assets. Raises UserError where a file is not one of XTTS v2."""
    files = read_published(project.root / model.folder)
    state = load_dvae_state(files.dvae)
    dvae = Dvae(settings_of(state))
    load_strictly(dvae, state, files.dvae)
    settings = GptSettings.of_config(
        files.config,
        num_text_tokens=vocabulary.tokenizer.num_tokens,
        start_text_token=vocabulary.tokenizer.start_token,
        stop_text_token=vocabulary.tokenizer.stop_token,
        dropout=model.dropout,
    )
    if dvae.num_codes > settings.start_audio_token:
        raise UserError(
            f"{files.dvae} has {dvae.num_codes} codes, and the GPT's START is code "
            f"{settings.start_audio_token}: they were not published together. 'cantus fetch "
            "xtts_v2' puts files that go together into published/xtts_v2."
        )
    codes = AudioCodes(dvae.eval(), files.mel_stats)
    config = files.config
    if vocabulary.extends is not None:
        config = {**config, "languages": list(vocabulary.tokenizer.languages)}
    return XttsAssets(vocabulary, codes, settings, config, files.licence, files)


def scratch_assets(model: Scratch, vocabulary: Vocabulary, codes: AudioCodes) -> XttsAssets:
    """Assets of a small GPT whose audio codes are fitted to training clips."""
    settings = GptSettings(
        num_layers=model.num_layers,
        dim=model.dim,
        num_heads=model.num_heads,
        num_text_tokens=vocabulary.tokenizer.num_tokens,
        start_text_token=vocabulary.tokenizer.start_token,
        stop_text_token=vocabulary.tokenizer.stop_token,
        num_audio_tokens=model.num_codes + 2,
        start_audio_token=model.num_codes,
        stop_audio_token=model.num_codes + 1,
        dropout=model.dropout,
    )
    args = {
        "gpt_n_heads": model.num_heads,
        "gpt_start_audio_token": settings.start_audio_token,
        "gpt_stop_audio_token": settings.stop_audio_token,
        "gpt_max_prompt_tokens": settings.max_prompt_tokens,
        "gpt_code_stride_len": settings.code_stride,
    }
    config = {"model": "xtts", "model_args": args, "audio": _AUDIO}
    languages = {"languages": list(vocabulary.tokenizer.languages)}
    return XttsAssets(vocabulary, codes, settings, {**config, **languages}, NO_LICENCE, None)
