"""The `cantus` command. Each command is a module of its own, imported only when it is used."""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from engine.errors import UserError
from engine.files.disk import refusals_in_words
from engine.files.text import visible_lines

_COMMANDS = {
    "adopt": "Put your own audio in the built-in corpus's place.",
    "check": "Read recipes and params.toml and name every fault.",
    "decode": "Decode .dac files to audio.",
    "diff": "Compare two recipes and their metrics.",
    "encode": "Code audio files as .dac files.",
    "fetch": "Put published weights in place.",
    "pipeline": "Derive dvc.yaml from the recipes.",
    "pin-eval": "Keep a recipe's evaluation clips as they are.",
    "identity": "Say what a run's identity covers, and what differs from the last run.",
    "ingest": "Check and pack a corpus.",
    "refs": "Refresh the git refs that `dvc metrics diff` compares.",
    "estimate": "Estimate what a run will cost before it runs.",
    "prepare": "Make what a recipe's clips are before training: codes, tokens.",
    "reconstruct": "Send audio through a codec and back.",
    "report": "Rebuild the report of a finished run.",
    "resolve": "Write a recipe with everything filled in, for DVC.",
    "schema": "Print the recipe reference.",
    "train": "Train a recipe: what its DVC stage runs.",
    "ui": "Open Aim on the runs.",
    "why": "Say how a run ended, and why.",
}


class _Commands(click.Group):
    """Finds commands by name and imports only the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"engine.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cantus")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def commands(debug: bool) -> None:
    """Train neural audio models from versioned TOML recipes.

    \b
    Examples:
      cantus check                 every fault of every recipe
      cantus estimate audio_vae        parameters, time, memory, disk, cost
      dvc repro audio_vae          train it, and what it needs
      cantus why audio_vae         how the last run ended
    """
    del debug  # main takes it from the arguments, wherever it stands: declared here for --help


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Errors a user can put right become a message and exit code 2."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        with refusals_in_words("A file", Path.cwd()):
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
