"""Vocabularies in the format of XTTS's vocab.json: small new ones, and published ones extended."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import tokenizers
import torch
from tokenizers import models, trainers
from torch import Tensor

from engine.errors import RefusedValuesError, UserError
from engine.systems.xtts.text.tokenizer import (
    SPACE,
    START,
    STOP,
    UNKNOWN,
    Tokenizer,
    language_token,
)

# A plane of Unicode without characters: a token stands there for itself when merges are learned.
_PRIVATE_PLANE = 0xF0000
_RAREST_PAIR = 2
_TEXT_TABLES = ("text_embedding.weight", "text_head.weight", "text_head.bias")


def character_vocabulary(
    texts: Iterable[str], languages: Sequence[str], num_merges: int = 0
) -> str:
    """The content of a vocab.json for models that are trained from scratch.

    [STOP], [UNK] and [SPACE] have the published ids 0, 1 and 2; [START], the tokens of the
    languages, the characters of `texts` and what up to `num_merges` merges make of them follow.
    The same texts, in any order, give the same content. Coqui's `VoiceBpeTokenizer` reads it too.
    The texts are transcripts as `normalize` gives them, of the languages with these codes.
    """
    texts = list(texts)
    special = [STOP, UNKNOWN, SPACE, START, *dict.fromkeys(map(language_token, languages))]
    tokens = [*special, *sorted(_characters(texts))]
    file: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added_token(number, token) for number, token in enumerate(special)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": UNKNOWN,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [],
        },
    }
    _append_merges(file, texts, num_merges)
    return _written(file)


def extend_vocabulary(content: str, texts: Iterable[str], language: str, num_new: int) -> str:
    """A vocab.json with `num_new` tokens more, for a language that it does not have.

    The new tokens are "[te]", the characters of `texts` that are missing, and merges that are
    learned from `texts` as the old vocabulary cuts them; fewer where no pair is left that repeats.
    About 2,000 are reported to work for a language. No old token gets another id, so START and
    STOP stay where the weights have them. `texts` are transcripts as `normalize` gives them.

    New merges come after all old ones, so that text is first cut as before, and only then are
    neighbours joined that the new language has often. They are learned from words alone: a
    language in letters of its own, without foreign words, changes no other text. One in Latin
    letters also joins such neighbours in other Latin text; that cannot be avoided, since a file
    has one list of merges for all languages.

    Coqui's tokenizer refuses languages that it has no cleaners for, Telugu among them; ours takes
    those of the file. Raises UserError where the vocabulary has the language already, and where
    `num_new` is too small for its characters.
    """
    old, texts = Tokenizer.read(content), list(texts)
    file = json.loads(content)
    vocabulary: dict[str, int] = file["model"]["vocab"]
    token = language_token(language)
    if token in vocabulary:
        raise UserError(f"The vocabulary has the language {language!r} already.")
    missing = [token, *sorted(_characters(texts) - vocabulary.keys())]
    if num_new < len(missing):
        raise RefusedValuesError(
            f"{num_new} new tokens are too few for the language {language!r}: its own token and "
            f"the characters that the vocabulary lacks are {len(missing)}."
        )
    file["added_tokens"].append(_added_token(old.num_tokens, token))
    vocabulary |= {name: number for number, name in enumerate(missing, old.num_tokens)}
    _append_merges(file, texts, num_new - len(missing))
    return _written(file)


def extended_rows(weight: Tensor, old_content: str, new_content: str) -> Tensor:
    """Rows for the tokens that `extend_vocabulary` added, behind the old rows, which stay as is.

    For `text_embedding.weight`, `text_head.weight` and `text_head.bias`: (old tokens, ...) to
    (new tokens, ...) of the same type. A new token begins as the mean of the tokens that its text
    was cut into before, a language as the mean of the languages, and what has no such parts as the
    mean of all rows. (Scripts for new languages that are built on upstream draw new rows from
    N(0, 1), many times the scale of trained ones, and move the last row.) Raises UserError where
    the weight has not as many rows as the old vocabulary has ids.
    """
    old, new = Tokenizer.read(old_content), Tokenizer.read(new_content)
    if len(weight) != old.num_tokens:
        raise UserError(
            f"The vocabulary has {old.num_tokens} tokens, but the weights are made for "
            f"{len(weight)}: name the vocab.json that belongs to them."
        )
    encoding, ids = _encoding(old_content), _encoding(old_content).get_vocab()
    languages = {language_token(language) for language in new.languages}
    rows = weight.detach().float()
    everything = rows.mean(0)

    def beginning(token: str) -> Tensor:
        if token in languages:
            parts = sorted(ids[name] for name in languages & ids.keys())
        else:
            pieces = encoding.model.tokenize(token)
            parts = [piece.id for piece in pieces if piece.value != UNKNOWN]
        return rows[parts].mean(0) if parts else everything

    names = {number: token for token, number in _encoding(new_content).get_vocab().items()}
    added = [beginning(names[number]) for number in range(old.num_tokens, new.num_tokens)]
    return torch.cat([weight.detach(), *(row[None].to(weight.dtype) for row in added)])


def extended_weights(
    weights: Mapping[str, Tensor], old_content: str, new_content: str
) -> dict[str, Tensor]:
    """A GPT's weights with rows for the tokens that `extend_vocabulary` added: `extended_rows`."""
    longer = {
        name: extended_rows(weights[name], old_content, new_content)
        for name in _TEXT_TABLES
        if name in weights
    }
    return {**weights, **longer}


def _append_merges(file: dict[str, Any], texts: Sequence[str], num_new: int) -> None:
    """Learn merges from texts as `file` cuts them, until they have made `num_new` new tokens."""
    vocabulary, merges = file["model"]["vocab"], file["model"]["merges"]
    as_lists = bool(merges) and isinstance(merges[0], list)  # as newer versions write them
    next_id = max(vocabulary.values()) + 1
    last_id = next_id + num_new
    for first, second in _learned_merges(_written(file), texts, 2 * num_new):
        if next_id == last_id:
            return
        merges.append([first, second] if as_lists else f"{first} {second}")
        if first + second not in vocabulary:
            vocabulary[first + second] = next_id
            next_id += 1


def _learned_merges(content: str, texts: Sequence[str], limit: int) -> Iterator[tuple[str, str]]:
    """The most frequent pairs of neighbouring tokens, joined one after the other (Gage, 1994).

    The trainer of `tokenizers` starts from characters. To start from tokens instead, each token is
    written as one private character.
    """
    encoding = _encoding(content)
    words = [
        "".join(chr(_PRIVATE_PLANE + piece.id) for piece in encoding.model.tokenize(word))
        for text in texts
        for word, _ in encoding.pre_tokenizer.pre_tokenize_str(text)
        if any(character.isalnum() for character in word)
    ]
    learner = tokenizers.Tokenizer(models.BPE())
    size = len(set().union(*words)) + limit
    trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=_RAREST_PAIR, show_progress=False)
    learner.train_from_iterator(words, trainer)
    names = {chr(_PRIVATE_PLANE + number): name for name, number in encoding.get_vocab().items()}
    for first, second in json.loads(learner.to_str())["model"]["merges"]:
        yield "".join(names[sign] for sign in first), "".join(names[sign] for sign in second)


def _encoding(content: str) -> tokenizers.Tokenizer:
    return tokenizers.Tokenizer.from_str(content)


def _characters(texts: Iterable[str]) -> set[str]:
    """The characters of texts, but for the space, which has a token of its own."""
    return set().union(*texts) - {" "}


def _added_token(number: int, token: str) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "special": True, "content": token, **flags}


def _written(file: dict[str, Any]) -> str:
    return json.dumps(file, ensure_ascii=False, indent=1) + "\n"
