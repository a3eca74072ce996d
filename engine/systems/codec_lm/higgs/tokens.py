"""The text tokens of Higgs Audio v2: those of Llama 3, with marks for audio among them."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import tokenizers
from attrs import field, frozen
from tokenizers import decoders, models, pre_tokenizers, trainers

from engine.errors import UserError
from engine.files.text import visible

TOKENIZER = "tokenizer.json"

BEGIN_OF_TEXT, END_OF_TEXT = "<|begin_of_text|>", "<|end_of_text|>"
START_HEADER, END_HEADER = "<|start_header_id|>", "<|end_header_id|>"
END_OF_TURN = "<|eot_id|>"
AUDIO_OUT_BOS, AUDIO_EOS = "<|audio_out_bos|>", "<|audio_eos|>"
AUDIO_OUT = "<|AUDIO_OUT|>"
"""The token id, for transformers, of a position that holds a column of a clip's codes."""
DELAY = "<|reserved_special_token_6|>"
"""The token id of the last K - 1 columns of a clip, in which streams have ended already."""
MARKS = (
    BEGIN_OF_TEXT,
    END_OF_TEXT,
    START_HEADER,
    END_HEADER,
    END_OF_TURN,
    AUDIO_EOS,
    AUDIO_OUT_BOS,
    DELAY,
    AUDIO_OUT,
)

# How Llama 3 splits text into words before it merges bytes.
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_RAREST_PAIR = 2
_SPACES = "\t\n\r"
_SHOWN = 40


@frozen(eq=False)
class HiggsTokens:
    """A tokenizer that has the marks of the chat."""

    content: str
    """Content of tokenizer.json."""
    _encoding: tokenizers.Tokenizer = field(repr=False)

    @classmethod
    def open(cls, folder: Path) -> "HiggsTokens":
        """The tokenizer of a published folder. Raises UserError where it has none, or another."""
        path = folder / TOKENIZER
        if not path.is_file():
            raise UserError(
                f"There is no {TOKENIZER} in {folder}: name a folder of Higgs Audio v2 as "
                "transformers reads it. `cantus fetch higgs_audio_v2` makes one."
            )
        try:
            return cls.read(path.read_text("utf-8"))
        except (UserError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: {error}") from error

    @classmethod
    def read(cls, content: str) -> "HiggsTokens":
        """The tokenizer of a file's content. Raises UserError where it lacks a mark of the chat."""
        try:
            encoding = tokenizers.Tokenizer.from_str(content)
        except Exception as error:  # tokenizers raises no other class
            raise UserError(
                f"The tokenizer cannot be read by the package tokenizers ({error})."
            ) from error
        missing = [mark for mark in MARKS if encoding.token_to_id(mark) is None]
        if missing:
            raise UserError(
                f"The tokenizer lacks {', '.join(missing)}: it is not that of Higgs Audio v2."
            )
        encoding.no_padding()
        encoding.no_truncation()
        return cls(content, encoding)

    @property
    def digest(self) -> str:
        """SHA-256 of the file's content."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    @cached_property
    def num_tokens(self) -> int:
        """The greatest id plus one: the number of rows of a text embedding."""
        return max(self._encoding.get_vocab(with_added_tokens=True).values()) + 1

    def id_of(self, mark: str) -> int:
        """The id of one of MARKS."""
        number: int | None = self._encoding.token_to_id(mark)
        assert number is not None, mark
        return number

    def ids_of(self, *parts: str) -> list[int]:
        """Token ids of marks, and of the text that the chat itself writes between them."""
        ids: list[int] = []
        for part in parts:
            ids += [self.id_of(part)] if part in MARKS else self._ids(part)
        return ids

    def encode(self, text: str) -> list[int]:
        """Token ids of a text without marks, trimmed as the released chat template does.

        Raises UserError for what the tokenizer cannot hold (`why_not`).
        """
        fault = self.why_not(text)
        if fault:
            raise UserError(f"The text {visible(text[:_SHOWN])!r} cannot be spoken: {fault}.")
        return self._ids(text.strip())

    def spell(self, ids: Sequence[int]) -> str:
        """The text of token ids, marks by their names. Ids below 0 are padding: they are dropped.

        Raises UserError for an id that the tokenizer does not have.
        """
        own = [number for number in ids if number >= 0]
        odd = next((number for number in own if number >= self.num_tokens), None)
        if odd is not None:
            raise UserError(
                f"The tokenizer has {self.num_tokens} entries, and no entry has the id {odd}."
            )
        text: str = self._encoding.decode(own, skip_special_tokens=False)
        return text

    def why_not(self, text: str) -> str | None:
        """Why the tokenizer cannot hold a text, in words; None where it can.

        A name of one of the tokenizer's marks would become that mark, and end a turn or begin
        audio. Damaged characters (lone surrogates, control characters) are not allowed either.
        """
        mark = self._names.search(text)
        if mark:
            return f"it has the tokenizer's own mark {mark[0]}"
        odd = next((char for char in text if _is_damaged(char)), None)
        if odd is not None:
            return f"it has {visible(odd)}, which is not a character of a text"
        whole = text.strip()
        if not whole:
            return "it is empty"
        if self.spell(self._ids(whole)) != whole:
            return "decoding its tokens gives another text"
        return None

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._encoding.encode(text, add_special_tokens=False).ids
        return ids

    @cached_property
    def _names(self) -> re.Pattern[str]:
        """Finds the names of all added tokens, the chat's marks among them."""
        added = self._encoding.get_added_tokens_decoder().values()
        return re.compile("|".join(re.escape(token.content) for token in added))


def new_tokens(transcripts: Iterable[str], instruction: str, num_tokens: int) -> HiggsTokens:
    """A tokenizer for models from scratch: the bytes, MARKS, and frequent pairs of the texts.

    It has at most `num_tokens` entries and splits words as Llama 3 does. The same transcripts, in
    any order, give the same.
    """
    encoding = tokenizers.Tokenizer(models.BPE())
    encoding.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(_WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    encoding.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=num_tokens,
        min_frequency=_RAREST_PAIR,
        show_progress=False,
        special_tokens=list(MARKS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    encoding.train_from_iterator(_written(transcripts, instruction), trainer)
    return HiggsTokens.read(encoding.to_str(pretty=True))


def _written(transcripts: Iterable[str], instruction: str) -> Iterator[str]:
    """The texts between the marks of each clip's sequence."""
    for text in transcripts:
        if not any(map(_is_damaged, text)):
            yield from ("system", f"\n\n{instruction}", "user", f"\n\n{text}", "assistant", "\n\n")


def _is_damaged(char: str) -> bool:
    """Whether it is a control character but white space, or half of a pair of surrogates."""
    return char not in _SPACES and unicodedata.category(char) in ("Cc", "Cs")
