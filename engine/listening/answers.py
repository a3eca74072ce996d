"""Answers of listeners: a line each in a file that only grows, on the disk before it is confirmed.

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
    """An answer that is none of the test's; the message says why, without quoting it."""


@frozen
class Answer:
    """What a listener said of one version of a clip, on one scale."""

    listener: str
    """A random id of their browser's."""
    name: str
    """What they call themselves; empty where they did not say."""
    trial: str
    stimulus: str
    scale: str
    value: int | str

    @property
    def question(self) -> Question:
        """What it answers: the same asked again is the same question."""
        return Question((self.listener, self.trial, self.stimulus, self.scale))


@frozen
class Answers:
    """All answers that count, and how many lines do not."""

    all: tuple[Answer, ...]
    num_revised: int
    """Answers that a later one replaces."""
    refused: Mapping[str, int]
    """Lines that are no answers to this test, by why."""

    def names(self) -> dict[str, str]:
        """What to call each listener; of two with one name, with the first digits of the ids."""
        named = {one.listener: one.name for one in self.all}
        times = Counter(named.values())
        return {
            listener: name if name and times[name] == 1 else f"{name or 'listener'} {listener[:4]}"
            for listener, name in named.items()
        }


@frozen
class Questions:
    """What a test asks, for answers to be held against."""

    test: ListeningTest
    asked: Mapping[tuple[str, str], str] = field(init=False)
    """Of trial and file: 'rating' or 'abx'."""

    @asked.default
    def _asked(self) -> Mapping[tuple[str, str], str]:
        ratings = {(one.id, file): "rating" for one in self.test.ratings for file in one.stimuli}
        return ratings | {(one.id, file): ABX for one in self.test.comparisons for file in one.x}

    def parse(self, raw: object) -> Answer:
        """An answer from anywhere. Raises RefusedAnswerError where it is none of this test's."""
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
    """A name as results may show it: visible, in single spaces, not too long."""
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
        """Append answers. Raises OSError where the disk takes none; none is half there then.

        A line that a killed process left torn is ended first: it counts as damaged.
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
    """The answers to a test that count; none where there is no file yet."""
    answers, refused = parse_all(questions, [*_lines(path)])
    counted: dict[Question, Answer] = {}
    for answer in answers:
        counted.pop(answer.question, None)
        counted[answer.question] = answer
    return Answers(tuple(counted.values()), len(answers) - len(counted), refused)


def parse_all(
    questions: Questions, raws: Sequence[object]
) -> tuple[list[Answer], Mapping[str, int]]:
    """The answers among some values, and how many of these are none, by why."""
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
