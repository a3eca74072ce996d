"""Real commands where streams, memory, the locale or Python itself are set in awkward ways."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import PARAMS, RECIPE

CANTUS = Path(sys.executable).with_name("cantus")
FULL = "A file or the output could not be written: no space left on device."
AWKWARD = {
    "C locale without UTF-8": "export LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0;",
    "Turkish": "export LC_ALL=tr_TR.UTF-8;",
    "no output": "exec >&-;",
    "no streams": "exec <&- >&- 2>&-;",
    "few files": "ulimit -n 32;",
    "no asserts": "export PYTHONOPTIMIZE=1;",
    "warnings are errors": "export PYTHONWARNINGS=error;",
    "600 MB": "ulimit -v 600000;",
}


@pytest.fixture
def here(tmp_path):
    """A project with a recipe, beside a file whose name is not ASCII."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "params.toml").write_text(PARAMS.replace('"demo"', '"full"'))
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/words.toml").write_text(RECIPE)
    (tmp_path / "upstream").symlink_to(Path(__file__).parents[2] / "upstream")
    (tmp_path / "größe").mkdir()
    return tmp_path


def run(here: Path, before: str, command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(
        ["/bin/sh", "-c", f"{before} {CANTUS} {command}"],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize("before", AWKWARD.values(), ids=AWKWARD)
def test_recipes_are_checked_all_the_same(here, before):
    done = run(here, before, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert ("words" in done.stdout) != (">&-" in before)


@pytest.mark.parametrize("before", ["ulimit -v 600000;", "ulimit -v 3000000;"])
def test_training_without_room_for_pytorch_ends_in_a_sentence(here, before):
    (here / "build/corpus/words").mkdir(parents=True)  # is looked for before PyTorch is loaded
    done = run(here, before, "train words")
    assert done.returncode == 2
    assert done.stderr.startswith("error: The system gives this process no more memory, of which")
    assert "for PyTorch's libraries. Allow or free more" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_full_disk_behind_the_output_is_named(here):
    done = run(here, "exec >/dev/full;", "check")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {FULL}")


def test_a_reader_that_leaves_is_no_error(here):
    done = run(here, "", "schema | head -n 1")
    assert (done.returncode, done.stderr) == (0, "")


def test_closed_streams_are_opened_so_that_no_file_gets_what_is_printed(here):
    source = "import os; from engine.entry import main; import engine.cli; \
os.execve = lambda *_: os._exit(os.readlink('/proc/self/fd/1') != os.devnull); main()"
    closed = f'{sys.executable} -c "{source}" >&-'
    done = subprocess.run(["/bin/sh", "-c", closed], check=False, cwd=here)
    assert done.returncode == 0
