"""Reads answer files that listeners downloaded, which are untrusted."""

import json
from pathlib import Path

from attrs import frozen

from engine.errors import UserError
from engine.listening.answers import Answer, AnswerLog, Questions, parse_all
from engine.listening.listening_test import VERSION, ListeningTest, read_test
from engine.listening.places import ANSWERS, held, kept_answers, test_folders
from engine.project import Project

_MOST_BYTES = 8_000_000


@frozen
class Collected:
    """The result of collecting one file."""

    test: str
    listener: str
    num_added: int
    num_known: int
    """Answers that were known already."""
    num_changed: int
    """Answers that replace others of the same listener."""
    refused: dict[str, int]
    """Number of invalid answers by reason."""

    @property
    def sentence(self) -> str:
        """The result in words."""
        said = f"{self.num_added} answers of {self.listener} to {self.test} added"
        said += f", {self.num_changed} of them replacing earlier ones" if self.num_changed else ""
        said += f"; {self.num_known} were known already" if self.num_known else ""
        refused = (f"{number} refused: {why}" for why, number in self.refused.items())
        return "; ".join([said, *refused])


def collect(project: Project, path: Path) -> Collected:
    """Add the answers of a downloaded file to those of its test.

    Raises UserError where the file does not belong to a test of this project.
    """
    wanted, raw = _content(path)
    folder, test = _test_of(project, wanted, path)
    with held(folder):
        answers, refused = parse_all(Questions(test), raw)
        listeners = {one.listener for one in answers}
        if len(listeners) != 1:
            many = "several listeners" if listeners else "no listener"
            said = "".join(f"; {number} {why}" for why, number in refused.items())
            raise UserError(
                f"{path} holds answers of {many}{said}. Give a file that the page saved."
            )
        kept = {one.question: one.value for one in kept_answers(test, folder).all}
        latest: dict[object, Answer] = {one.question: one for one in answers}
        new = [one for one in latest.values() if kept.get(one.question) != one.value]
        if new:
            AnswerLog(folder / ANSWERS, test.id).add(new)
    return Collected(
        test=test.name,
        listener=answers[0].name or f"listener {answers[0].listener[:4]}",
        num_added=len(new),
        num_known=len(answers) - len(new),
        num_changed=sum(one.question in kept for one in new),
        refused=dict(refused),
    )


def _content(path: Path) -> tuple[object, list[object]]:
    """The test that a file belongs to, and its answers."""
    try:
        if not path.is_file():
            raise ValueError("no plain file")
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES:,} bytes")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is not a file of answers: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("answers"), list):
        raise UserError(f"{path} is not a file of answers: it has no list 'answers'.")
    if content.get("version") != VERSION:
        raise UserError(
            f"{path} has version {content.get('version')!r}, but this Cantus reads {VERSION}."
        )
    return content.get("test"), content["answers"]


def _test_of(project: Project, wanted: object, path: Path) -> tuple[Path, ListeningTest]:
    for folder in test_folders(project):
        test = read_test(folder)
        if test.id == wanted:
            return folder, test
    raise UserError(
        f"{path} belongs to a test that is not in {project.listening}. Collect it in the project "
        "where the test was made."
    )
