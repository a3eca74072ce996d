"""The `cantus` command. Each command is a module of its own, imported only when it is used."""

import logging
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import click

from engine.cli.shortage import shortages_in_words
from engine.errors import UserError
from engine.files.disk import refusals_in_words
from engine.files.text import visible_lines
from engine.system_support.commands import Command, system_commands

_COMMANDS = {
    "adopt": "Import a folder of audio as a corpus.",
    "check": "Read recipes and params.toml and name every fault.",
    "compare": "Compare runs on one page, with players.",
    "diff": "Compare two recipes and their metrics.",
    "estimate": "Measure what a run will take: time, memory, disk, money.",
    "fetch": "Download published weights.",
    "identity": "Print what a run's identity covers.",
    "ingest": "Check and pack a corpus.",
    "init": "Lay a new project in an empty folder.",
    "listen": "Compare runs by ear, blindly.",
    "new": "Write a recipe that extends another, and add its stage.",
    "pin-eval": "Pin a recipe's evaluation clips while its corpus grows.",
    "pipeline": "Derive dvc.yaml from the recipes.",
    "promote": "Put a checkpoint of a finished run into use.",
    "report": "Rebuild the report of a finished run.",
    "schema": "Print the recipe reference.",
    "status": "Say how every recipe stands, what is in use and what is stale.",
    "train": "Train a recipe: what its DVC stage runs.",
    "ui": "Compare runs in a browser, by Aim or Trackio.",
    "why": "Say how a run ended, and why.",
}
_PLUMBING = {
    "prepare": "Precompute a recipe's features (audio codes, text tokens).",
    "refs": "Refresh the git refs that `dvc metrics diff` compares.",
    "resolve": "Write a recipe with every value filled in.",
}
"""What DVC's stages call."""
_SHOW_RESULTS = {"check", "compare", "diff", "report", "resolve", "ui", "why"}
"""They bring the recipes' refs up to date first: something else may have changed results."""
_RENAMED = {"freeze": "pin-eval", "phases": "refs", "plan": "estimate"}


class _Commands(click.Group):
    """Finds commands by name and imports only the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted({**_COMMANDS, **_PLUMBING, **_of_systems()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name in _RENAMED:
            raise UserError(f"'cantus {cmd_name}' is called 'cantus {_RENAMED[cmd_name]}' now.")
        if cmd_name in _COMMANDS or cmd_name in _PLUMBING:
            module = f"{__name__}.{cmd_name.replace('-', '_')}"
        elif cmd_name in (added := _of_systems()):
            module = added[cmd_name][1].module
        else:
            return None
        command: click.Command = import_module(module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        added = {name: f"{one.summary} ({system})" for name, (system, one) in _of_systems().items()}
        sections = {"Commands": _COMMANDS, "Commands of a system": added, "Run by DVC": _PLUMBING}
        for title, commands in sections.items():
            if commands:
                with formatter.section(title):
                    formatter.write_dl(sorted(commands.items()))


def _of_systems() -> Mapping[str, tuple[str, Command]]:
    """The commands of systems. Raises UserError where one has the name of a built-in command."""
    added = system_commands()
    for name, (system, _) in added.items():
        if name in _COMMANDS or name in _PLUMBING or name in _RENAMED:
            raise UserError(
                f"The system '{system}' adds the command 'cantus {name}', which is built in: "
                "rename it in the system's commands.py, or uninstall the system."
            )
    return added


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cantus")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def commands(debug: bool) -> None:
    """Train neural audio models from versioned TOML recipes.

    \b
    Examples:
      cantus check                 every fault of every recipe
      cantus estimate audio_vae    parameters, time, memory, disk, cost
      dvc repro audio_vae          train it, and what it needs
      cantus why audio_vae         how the last run ended
    """
    del debug  # main takes it from the arguments, wherever it stands: declared here for --help


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Errors a user can put right become a message and exit code 2."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    # transformers imports torchao where it is installed, and torch warns of types it registers.
    logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
    try:
        with shortages_in_words(), refusals_in_words("A file or the output", Path.cwd()):
            if words and words[0] in _SHOW_RESULTS and not {"-h", "--help"} & set(words):
                _refresh_refs()
            code = commands.main(words, prog_name="cantus", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except UserError as error:
        if debug:
            raise
        click.echo(f"error: {visible_lines(str(error))}", err=True)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _refresh_refs() -> None:
    from engine.project import find_project
    from engine.tracking.recipe_refs import keep_refs_fresh

    note = keep_refs_fresh(find_project())
    if note:
        click.echo(visible_lines(note), err=True)
