"""The examples of a page, run from top to bottom as docs/writing-pages.md says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import tomli

from engine.project_files import project_files
from engine.recipe import load_recipe
from engine.recipe.params import load_params
from engine.system_support.discovery import recipe_classes
from tests.docs.pages import ROOT, Block, blocks, repository_files

_FILE = re.compile(r"# ([\w./+-]+\.(?:toml|py|yaml|csv|tsv|json|txt))\n")
_SECONDS = 600
_GO_ON = """\
source {state}
set -e -o pipefail
trap 'declare -px > {state}; printf "cd %q\\n" "$PWD" >> {state}' EXIT
"""
_WHO = {
    f"GIT_{role}_{what}": "reader" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


class Examples:
    """Runs the blocks of one page in a project and a home folder of its own."""

    def __init__(self, page: Path, folder: Path) -> None:
        self.page = page
        self.project = folder / "project"
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.python = ""
        if any("~/recordings" in block.text for block in blocks(page)):
            make = [sys.executable, "-m", "tests.docs.recordings", str(self.home / "recordings")]
            subprocess.run(make, cwd=ROOT, check=True)
        _copy_project(self.project)
        self._state = folder / "state"
        self._state.write_text(f"cd {self.project}\n")
        self._shell("git init -q . && git add -A && git commit -qm 'A project'")

    def run(self) -> None:
        """Run them all. Raises AssertionError, with the line, for the first that does not hold."""
        for block in blocks(self.page):
            try:
                self._run(block)
            except Exception as error:
                raise AssertionError(f"{block.where}: {error}\n{block.text}") from error

    def _run(self, block: Block) -> None:
        if "run first" in block.notes:
            self._shell(block.notes["run first"])
        if "excerpt of" in block.notes:
            original = (ROOT / block.notes["excerpt of"]).read_text(encoding="utf-8")
            assert block.text in original, f"{block.notes['excerpt of']} does not hold this text"
        elif "not run" in block.notes:
            assert block.notes["not run"], "a block that is not run says why"
        elif named := _FILE.match(block.text):
            self._write(named[1], block.text)
        else:
            self._run_by_language(block)

    def _run_by_language(self, block: Block) -> None:
        assert block.language in _RUNNERS, (
            f"a block of '{block.language}' is neither run nor shown as it is: "
            f"the languages are {', '.join(_RUNNERS)} (docs/writing-pages.md)"
        )
        _RUNNERS[block.language](self, block)

    def _sh(self, block: Block) -> None:
        self._shell(block.text)

    def _console(self, block: Block) -> None:
        for command, expected in transcript(block.text):
            printed = self._shell(command)
            if expected and "not compared" not in block.notes:
                assert matches(expected, printed), f"$ {command}\nprinted\n{printed}"

    def _toml(self, block: Block) -> None:
        assert "part of" in block.notes, "say which file it is, or what it is part of"
        name = block.notes["part of"]
        if name == "params.toml":
            self._check_params(block.text)
        else:
            parent = Path(name).relative_to("recipes")
            example = self.project / "recipes" / parent.with_name("example_on_a_page.toml")
            example.write_text(f'extends = "{parent.name}"\n{block.text}', encoding="utf-8")
            load_recipe(example, classes=recipe_classes())
            example.unlink()

    def _check_params(self, text: str) -> None:
        """The tables of a page in place of those of the project's params.toml."""
        given = tomli.loads(text)
        kept = (self.project / "params.toml").read_text(encoding="utf-8")
        tables = re.split(r"^(?=\[)", kept, flags=re.MULTILINE)
        others = [one for one in tables if not _is_given(tomli.loads(one), given)]
        changed = self.project / "params_on_a_page.toml"
        changed.write_text("".join([*others, "\n", text]), encoding="utf-8")
        load_params(changed)
        changed.unlink()

    def _python(self, block: Block) -> None:
        """Blocks of one page go on from each other."""
        self.python += block.text
        script = self.project / "example_on_a_page.py"
        script.write_text(self.python, encoding="utf-8")
        self._shell(f"python {script}")
        script.unlink()

    def _text(self, block: Block) -> None:
        """Nothing is run: output, a file tree, a drawing."""

    def _write(self, name: str, text: str) -> None:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if name.startswith("recipes/") and path.suffix == ".toml":
            load_recipe(path, classes=recipe_classes())

    def _shell(self, commands: str) -> str:
        """Run commands by bash where the last ones left off: folder and variables. Their output.

        Raises AssertionError where one of them fails.
        """
        done = subprocess.run(
            ["bash", "-c", f"{_GO_ON.format(state=self._state)}\n{commands}"],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
        )
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        own = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.home),
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self.home / "dvc"),
        }
        return os.environ | _WHO | own


_RUNNERS = {
    "sh": Examples._sh,
    "console": Examples._console,
    "toml": Examples._toml,
    "python": Examples._python,
    "text": Examples._text,
}


def transcript(text: str) -> list[tuple[str, str]]:
    """The commands of a `console` block, each with the output shown below it.

    Raises AssertionError where output stands before the first command.
    """
    before, *sessions = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not before.strip(), "output stands above the first command"
    found = []
    for session in sessions:
        command = re.match(r"(?:[^\n]*\\\n)*[^\n]*", session)
        assert command is not None
        found.append((command[0], session[command.end() :].strip("\n")))
    return found


def matches(expected: str, printed: str) -> bool:
    """Whether output is as shown, where `...` is any text and a line of it any number of lines."""
    rows = ["(?:.*\n)*" if row.strip() == "..." else _pattern(row) for row in expected.splitlines()]
    printed = "".join(f"{row.rstrip()}\n" for row in printed.strip("\n").splitlines())
    return re.fullmatch("".join(rows), printed) is not None


def _pattern(row: str) -> str:
    return ".*".join(map(re.escape, row.rstrip().split("..."))) + "\n"


def _is_given(table: dict[str, object], given: dict[str, object]) -> bool:
    return bool(set(table) & set(given)) and len(table) == 1


def _copy_project(root: Path) -> None:
    """What `cantus init` lays, and the examples that pages refer to."""
    examples = {name for name in repository_files() if name.startswith("examples/")}
    for name in {*project_files(ROOT), "dvc.yaml", *examples}:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, root / name)
    params = root / "params.toml"
    params.write_text(params.read_text().replace('mirrors = ["aim"]', "mirrors = []"))
