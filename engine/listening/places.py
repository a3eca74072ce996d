"""The folders of listening tests below `listening/`, found by their runs and options."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine.errors import UserError
from engine.files.lock import locked
from engine.files.nearest import suggestion
from engine.files.safe_names import file_name
from engine.listening.answers import Answers, Questions, read_answers
from engine.listening.build import AUDIO, Options, build_test, digest_of_test
from engine.listening.listening_test import ListeningTest, read_test
from engine.listening.material import Material, common_clips
from engine.project import Project

ANSWERS = "answers.jsonl"


def test_folders(project: Project) -> list[Path]:
    """The folders of all listening tests, by name."""
    return sorted(path.parent for path in project.listening.glob("*/test.json"))


def test_folder(project: Project, name: str) -> Path:
    """The folder of a test, by its name or its path. Raises UserError where it does not exist."""
    for folder in (project.listening / name, Path(name)):
        if (folder / "test.json").is_file():
            return folder
    known = [path.name for path in test_folders(project)]
    there_are = f"There are: {', '.join(known)}." if known else "Make one: cantus listen RUN RUN"
    raise UserError(f"There is no listening test '{name}'.{suggestion(name, known)} {there_are}")


def find_or_build(
    project: Project, materials: Sequence[Material], options: Options, name: str | None
) -> Path:
    """The folder of the test of these runs with these options, made if it does not exist.

    Raises UserError where the runs have no clip in common, where another test has the given
    name, and where a test's audio files are missing.
    """
    clips = common_clips(materials)
    made_of = digest_of_test(materials, clips, options)
    for folder in _candidates(project, materials, name):
        if not folder.exists():
            build_test(folder, materials, clips, options)
            return folder
        if not (folder / "test.json").is_file():
            continue
        test = read_test(folder)
        if test.made_of == made_of:
            _require_audio(test, folder)
            return folder
    raise UserError(
        f"{project.listening / str(name)} is of other runs, samples or options, and answers of "
        "two tests are never mixed. Give another --name."
    )


def kept_answers(test: ListeningTest, folder: Path) -> Answers:
    """The answers to a test that are in its folder."""
    return read_answers(folder / ANSWERS, Questions(test))


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Inside, this process alone adds answers to a test. Raises UserError where another does."""
    with locked(folder, f"Another `cantus listen` serves {folder.name}. Stop it first."):
        yield


def _candidates(
    project: Project, materials: Sequence[Material], name: str | None
) -> Iterator[Path]:
    """Folders in which the test may be; the last one is the first that does not exist."""
    if name is not None:
        if file_name(name) != name:
            raise UserError(
                f"'{name}' is not a valid name of a test: use at most 60 letters, digits, "
                "hyphens and underscores."
            )
        yield project.listening / name
        return
    first = file_name("-".join(one.run.title for one in materials))
    yield project.listening / first
    number = 2
    while (project.listening / f"{first}_{number - 1}").exists() or number == 2:
        yield project.listening / f"{first}_{number}"
        number += 1


def _require_audio(test: ListeningTest, folder: Path) -> None:
    missing = [name for name in test.files if not (folder / AUDIO / f"{name}.wav").is_file()]
    if missing:
        raise UserError(
            f"{len(missing)} audio files of {folder} are missing; its answers still count. To "
            "listen again, make another test: --name NAME"
        )
