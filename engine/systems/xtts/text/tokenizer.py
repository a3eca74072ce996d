"""XTTS's text tokens: byte pair encoding of spoken text, as in the published vocab.json."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import tokenizers.models
from attrs import field, frozen

from engine.errors import RefusedValuesError, UserError
from engine.systems.xtts.text.normalize import normalize

START, STOP, UNKNOWN, SPACE = "[START]", "[STOP]", "[UNK]", "[SPACE]"

# The longest transcripts in characters that upstream's models speak without cutting them short.
_CHARACTER_LIMITS = {
    "ar": 166,
    "cs": 186,
    "de": 253,
    "en": 250,
    "es": 239,
    "fr": 273,
    "hi": 150,
    "hu": 224,
    "it": 213,
    "ja": 71,
    "ko": 95,
    "nl": 251,
    "pl": 224,
    "pt": 203,
    "ru": 182,
    "tr": 226,
    "zh": 82,
}
_DEFAULT_LIMIT = 250
_LANGUAGE_TOKEN = re.compile(r"\[([a-z]{2,3}(?:-[a-z]+)?)\]")


def character_limit(language: str) -> int:
    """How many characters of a transcript upstream speaks in one piece; beyond, it warns."""
    return _CHARACTER_LIMITS.get(_without_region(language), _DEFAULT_LIMIT)


def language_token(language: str) -> str:
    """The token of a language, without its region: "[hu]"; but Chinese has "[zh-cn]".

    Raises UserError where `language` is not the code of a language.
    """
    base = _without_region(language)
    token = f"[{'zh-cn' if base == 'zh' else base}]"
    if not _LANGUAGE_TOKEN.fullmatch(token):
        raise UserError(f"{language!r} is not the code of a language, such as 'hu' or 'te'.")
    return token


@frozen(kw_only=True)
class Tokenizer:
    """Vocabulary to token ids and back, as upstream's `VoiceBpeTokenizer` for the same file.

    `languages` are those that the vocabulary has a token for ("zh-cn" with its region),
    `num_tokens` is the greatest id and one: the rows of a text embedding. `start_token` and
    `stop_token` are what GPT puts around a text, `digest` is the SHA-256 of the file's content.
    """

    languages: tuple[str, ...]
    num_tokens: int
    start_token: int
    stop_token: int
    digest: str
    _unknown_token: int
    _encoding: tokenizers.Tokenizer = field(repr=False, eq=False)

    @classmethod
    def open(cls, path: Path) -> "Tokenizer":
        """The tokenizer of a `vocab.json`. Raises UserError where the file is not a vocabulary."""
        if not path.is_file():
            raise UserError(f"There is no vocabulary at {path}: name XTTS's vocab.json.")
        try:
            return cls.read(path.read_text("utf-8"))
        except (UserError, UnicodeDecodeError) as error:
            raise UserError(f"{path} is not a vocabulary of XTTS: {error}") from error

    @classmethod
    def read(cls, content: str) -> "Tokenizer":
        """The tokenizer of a vocab.json's content. Raises UserError for any other content."""
        encoding = _byte_pair_encoding(content)
        ids = encoding.get_vocab()
        languages = (_LANGUAGE_TOKEN.fullmatch(token) for token in ids)
        return cls(
            languages=tuple(sorted(found[1] for found in languages if found)),
            num_tokens=max(ids.values()) + 1,
            start_token=ids[START],
            stop_token=ids[STOP],
            digest=hashlib.sha256(content.encode()).hexdigest(),
            unknown_token=ids[UNKNOWN],
            encoding=encoding,
        )

    def encode(self, text: str, language: str) -> list[int]:
        """The ids of `text` as it is spoken, behind the token of its language.

        Neither start nor stop token is added: as upstream, the model does that. Characters that
        the vocabulary lacks become [UNK]. A region is left out of the language, but Chinese is
        "zh" or "zh-cn". Raises UserError where there is no token for the language or nothing to
        speak, and what `normalize` raises.
        """
        ids: list[int] = self._encoding.encode(self._marked(text, language)).ids
        return ids

    def unknown(self, text: str, language: str) -> list[str]:
        """The parts of `text` that no token stands for, each once, in order of appearance.

        These are characters that become [UNK], and names of tokens in the transcript ("[en]").
        Raises UserError as `encode` does.
        """
        marked = self._marked(text, language)
        encoded = self._encoding.encode(marked)
        # After the language's own token, special tokens but spaces come from the transcript.
        named = self._encoding.get_added_tokens_decoder().values()
        special = {UNKNOWN, *(token.content for token in named)}
        found = [
            marked[start:end]
            for token, (start, end) in zip(encoded.tokens[1:], encoded.offsets[1:], strict=True)
            if token in special and token != SPACE
        ]
        return list(dict.fromkeys(found))

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids` for reports: no language, start and stop tokens, � for [UNK]."""
        unwritten = {START, STOP, *(f"[{language}]" for language in self.languages)}
        written = {SPACE: " ", UNKNOWN: "\ufffd"}
        tokens = [self._token(int(number)) for number in ids]
        return "".join(written.get(token, token) for token in tokens if token not in unwritten)

    def _token(self, number: int) -> str:
        token = self._encoding.id_to_token(number)
        assert token is not None, f"there is no token {number}"
        return token

    def _marked(self, text: str, language: str) -> str:
        """The text that is encoded: "[hu]jó[SPACE]napot"."""
        token = language_token(language)
        if token[1:-1] not in self.languages:
            raise RefusedValuesError(
                f"The vocabulary has no token for the language {language!r}; it has "
                f"{', '.join(self.languages)}. Leave its clips out (dataset.languages), add tokens "
                "for it (model.new_language), or train from scratch, where a vocabulary is made of "
                "the corpus."
            )
        spoken = normalize(text, _without_region(language))
        if not spoken:
            raise UserError(f"There is nothing to speak in the text {text!r}.")
        return f"{token}{spoken.replace(' ', SPACE)}"


def _without_region(language: str) -> str:
    return language.split("-")[0]


def _byte_pair_encoding(content: str) -> tokenizers.Tokenizer:
    """The encoding of a vocab.json, with the four tokens that XTTS relies on."""
    try:
        encoding = tokenizers.Tokenizer.from_str(content)
    except Exception as error:  # the package raises no class of its own
        raise UserError(f"it is no file of the `tokenizers` package ({error}).") from error
    if not isinstance(encoding.model, tokenizers.models.BPE):
        raise UserError("its tokens are not those of a byte pair encoding (BPE).")
    missing = {START, STOP, UNKNOWN, SPACE} - encoding.get_vocab().keys()
    if missing:
        raise UserError(f"it lacks the tokens {', '.join(sorted(missing))}.")
    return encoding
