"""Many files are made by workers, each once, and what is kept is not made again."""

import os
from pathlib import Path

import pytest
from attrs import frozen

from engine.errors import UserError
from engine.features.cache import Features
from engine.features.many_files import Job, make_files
from engine.recipe.params import Work

TWO = Work(num_workers=2)


@frozen
class WriteNumber:
    """Writes its number, and who wrote it into a folder beside."""

    number: int
    log: Path

    def __call__(self, path: Path) -> None:
        if self.number < 0:
            raise UserError(f"number {self.number} cannot be written")
        (self.log / f"{self.number}-{os.getpid()}").touch()
        path.write_text(str(self.number))


@pytest.fixture
def log(tmp_path):
    (tmp_path / "log").mkdir()
    return tmp_path / "log"


@pytest.fixture
def jobs(log):
    return lambda *numbers: [Job("n.txt", {"n": n}, WriteNumber(n, log)) for n in numbers]


@pytest.mark.parametrize("work", [None, Work(num_workers=1), TWO], ids=["here", "one", "two"])
def test_every_file_is_made_once_and_given_in_order(tmp_path, log, jobs, work):
    features = Features(tmp_path / "features")
    paths = make_files(features, jobs(3, 1, 2, 5, 4), work, "numbers")
    assert [path.read_text() for path in paths] == ["3", "1", "2", "5", "4"]
    assert len(list(log.iterdir())) == 5
    by_this_process = len(list(log.glob(f"*-{os.getpid()}")))
    assert by_this_process == (0 if work == TWO else 5)
    assert features.used == paths
    assert make_files(features, jobs(4, 3), work, "numbers") == [paths[4], paths[0]]
    assert len(list(log.iterdir())) == 5


def test_what_was_prepared_is_read_there(tmp_path, log, jobs):
    prepared = Features(tmp_path / "prepared")
    make_files(prepared, jobs(1, 2), None, "numbers")
    features = Features(tmp_path / "features", [tmp_path / "prepared"])
    paths = make_files(features, jobs(1, 2, 3), None, "numbers")
    assert [path.parent.name for path in paths] == ["prepared", "prepared", "features"]
    assert features.used == paths
    assert len(list(log.iterdir())) == 3


def test_what_fails_is_told_and_what_was_made_stays(tmp_path, jobs):
    features = Features(tmp_path / "features")
    with pytest.raises(UserError, match="number -1 cannot be written"):
        make_files(features, jobs(1, 2, -1, 3), None, "numbers")
    assert len(list((tmp_path / "features").glob("n-*.txt"))) == 2
