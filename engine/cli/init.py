"""`cantus init`: a new project."""

import shlex
import shutil
import sys
from pathlib import Path

import click

from engine.terminal.say import say


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Lay a project in FOLDER, which must be empty or not exist yet.

    A project holds the recipes, params.toml, dvc.yaml and the prompts of the built-in corpora. git
    and DVC are set up in it, and the files are committed. Below another git repository they are
    added and not committed.

    \b
    Examples:
      cantus init my_voice
      mkdir my_voice && cd my_voice && cantus init .
    """
    from engine.pipeline.new_project import lay_project
    from engine.project_files import shipped_project

    new = lay_project(folder)
    say(f"{new.root} holds a project: {len(new.files)} files, under git and DVC")
    if new.note:
        say(new.note)
    say("\n".join(["Next:", *(f"  {line}" for line in _next_steps(folder))]))
    say(f"What messages call docs/... lies in {shipped_project() / 'docs'}")


def _next_steps(folder: Path) -> list[str]:
    """Commands to go on with, each with what it does."""
    steps = [
        ("cantus check", "name every fault of recipes and params.toml"),
        ("dvc repro audio_vae", "train the smallest recipe, on a built-in corpus"),
        ("cantus why audio_vae", "say how it ended"),
        ("cantus adopt RECORDINGS", "put your own audio in the built-in corpus's place"),
    ]
    lines = [f"{command:<26}# {what}" for command, what in steps]
    if folder.resolve() != Path.cwd():
        lines.insert(0, f"cd {shlex.quote(str(folder))}")
    programs = Path(sys.prefix) / "bin"
    if shutil.which("cantus") != str(programs / "cantus"):
        lines.insert(0, f"source {shlex.quote(str(programs / 'activate'))}")
    return lines
