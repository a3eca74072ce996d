"""Answers of listeners: lines of a file that only grows, on the disk before confirmation.

A later answer of a listener to the same question replaces the one before.
"""

import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NewType

from attrs import asdict, define, field, frozen

from engine.files.atomic import sync
from engine.files.text import visible
from engine.listening.listening_test import HIGHEST, LOWEST, VERSION, ListeningTest

ABX = "abx"
"""The scale of an answer to "which of A and B is X?"."""
_LISTENER = re.compile(r"[0-9a-f]{8,64}")
_LONGEST_NAME = 60
Question = NewType("Question", tuple[str, str, str, str])


class RefusedAnswerError(ValueError):
    """An answer that does not fit the test; the message gives the reason without quoting it."""


@frozen
class Answer:
    """A listener's answer on one version of a clip, on one scale."""

    listener: str
    """A random id made by the listener's browser."""
    name: str
    """The listener's name; empty where none was given."""
    trial: str
    stimulus: str
    scale: str
    value: int | str

    @property
    def question(self) -> Question:
        """The question that is answered: a repeated question is the same."""
        return Question((self.listener, self.trial, self.stimulus, self.scale))


@frozen
class Answers:
    """All answers that count, and how many lines do not."""

    all: tuple[Answer, ...]
    num_revised: int
    """Answers that were replaced by later ones."""
    refused: Mapping[str, int]
    """Lines that are not answers to this test, by reason."""

    def names(self) -> dict[str, str]:
        """The name of each listener, with the first digits of the id where two share a name."""
        named = {one.listener: one.name for one in self.all}
        times = Counter(named.values())
        return {
            listener: name if name and times[name] == 1 else f"{name or 'listener'} {listener[:4]}"
            for listener, name in named.items()
        }


@frozen
class Questions:
    """The questions of a test, to check answers against."""

    test: ListeningTest
    asked: Mapping[tuple[str, str], str] = field(init=False)
    """Kind of the question, 'rating' or 'abx', by trial and file."""

    @asked.default
    def _asked(self) -> Mapping[tuple[str, str], str]:
        ratings = {(one.id, file): "rating" for one in self.test.ratings for file in one.stimuli}
        return ratings | {(one.id, file): ABX for one in self.test.comparisons for file in one.x}

    def parse(self, raw: object) -> Answer:
        """An answer from untrusted values. Raises RefusedAnswerError where it does not fit."""
        if not isinstance(raw, dict):
            raise RefusedAnswerError("damaged")
        if raw.get("version") != VERSION:
            raise RefusedAnswerError(f"not of version {VERSION}")
        if raw.get("test") != self.test.id:
            raise RefusedAnswerError("of another test")
        listener, name, trial, stimulus, scale = (
            _text(raw.get(key)) for key in ("listener", "name", "trial", "stimulus", "scale")
        )
        if not _LISTENER.fullmatch(listener):
            raise RefusedAnswerError("of a listener without an id")
        kind = self.asked.get((trial, stimulus))
        if kind is None:
            raise RefusedAnswerError("about a clip that the test does not have")
        value = self._value(kind, scale, raw.get("value"))
        return Answer(listener, tidy_name(name), trial, stimulus, scale, value)

    def _value(self, kind: str, scale: str, value: object) -> int | str:
        if kind == ABX:
            if scale != ABX or value not in ("a", "b"):
                raise RefusedAnswerError("neither A nor B")
            return str(value)
        if scale not in self.test.scales:
            raise RefusedAnswerError("on a scale that the test does not have")
        if type(value) is not int or not LOWEST <= value <= HIGHEST:
            raise RefusedAnswerError(f"not a whole number from {LOWEST} to {HIGHEST}")
        return value


def tidy_name(name: str) -> str:
    """A name for results: visible, with single spaces, not too long."""
    return visible(" ".join(name.split()))[:_LONGEST_NAME]


@define
class AnswerLog:
    """Appends answers to `answers.jsonl`; what `add` has taken is on the disk."""

    path: Path
    test: str

    def __attrs_post_init__(self) -> None:
        self.path.touch()
        sync(self.path.parent)

    def add(self, answers: Iterable[Answer]) -> None:
        """Append answers. Raises OSError, and writes nothing, where the disk refuses.

        An incomplete line of a killed process is ended first and counts as damaged.
        """
        now = round(time.time(), 3)
        about = {"version": VERSION, "test": self.test, "time": now}
        lines = [json.dumps({**about, **asdict(one)}) + "\n" for one in answers]
        with self.path.open("rb+", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                content = _end_of_torn_line(file, end) + "".join(lines).encode()
                while content:
                    content = content[file.write(content) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise


def read_answers(path: Path, questions: Questions) -> Answers:
    """The answers to a test that count; empty where there is no file yet."""
    answers, refused = parse_all(questions, [*_lines(path)])
    counted: dict[Question, Answer] = {}
    for answer in answers:
        counted.pop(answer.question, None)
        counted[answer.question] = answer
    return Answers(tuple(counted.values()), len(answers) - len(counted), refused)


def parse_all(
    questions: Questions, raws: Sequence[object]
) -> tuple[list[Answer], Mapping[str, int]]:
    """The valid answers among some values, and the number of invalid ones by reason."""
    answers: list[Answer] = []
    refused: Counter[str] = Counter()
    for raw in raws:
        try:
            answers.append(questions.parse(raw))
        except RefusedAnswerError as error:
            refused[str(error)] += 1
    return answers, refused


def _lines(path: Path) -> Iterator[object]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                if line.strip():
                    yield None


def _end_of_torn_line(file: Any, end: int) -> bytes:
    if not end:
        return b""
    file.seek(end - 1)
    last: bytes = file.read(1)
    file.seek(end)
    return b"" if last == b"\n" else b"\n"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
