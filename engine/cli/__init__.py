"""The `cantus` command. Each command is a module of its own, imported only when it is used."""

import logging
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path

import click

from engine.cli.answers.answer import Answer
from engine.cli.answers.printed import exit_at_sigterm, output_to_standard_error, print_answer
from engine.cli.command_table import BUILT_IN, MODELS, RENAMED, SECTIONS, SHOW_RESULTS
from engine.cli.shortage import shortages_in_words
from engine.errors import UserError
from engine.exit_codes import Exit
from engine.files.disk import refusals_in_words
from engine.files.nearest import suggestion
from engine.system_support.commands import Command, system_commands
from engine.terminal.say import complain, say

COMPLETING = "_CANTUS_COMPLETE"
"""The environment variable by which a shell asks for completions."""
_JSON = "--json"
_HELP = {"-h", "--help"}


class _Commands(click.Group):
    """Finds commands by name and imports only the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted({**BUILT_IN, **_of_systems()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name in BUILT_IN:
            module = f"{__name__}.{cmd_name.replace('-', '_')}"
        elif cmd_name in (added := _of_systems()):
            module = added[cmd_name][1].module
        else:
            return None
        command: click.Command = import_module(module).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not ctx.resilient_parsing:
            _require_known(self.list_commands(ctx), args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        added = {name: f"{one.summary} ({system})" for name, (system, one) in _of_systems().items()}
        width = max(map(len, self.list_commands(ctx)))
        for title, commands in {**SECTIONS, MODELS: added}.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), line) for name, line in commands.items()])


def _require_known(known: Sequence[str], name: str) -> None:
    """Raise UserError where no command has the name."""
    if name in RENAMED:
        new = RENAMED[name]
        raise UserError(f"'cantus {name}' has another name now. Call 'cantus {new}'.", [new])
    if name not in known and not name.startswith("-"):
        near = suggestion(name, known)
        raise UserError(
            f"There is no command '{name}'.{near} 'cantus --help' lists all commands.", known
        )


def _of_systems() -> Mapping[str, tuple[str, Command]]:
    """The commands of systems. Raises UserError where one has the name of a built-in command."""
    added = system_commands()
    for name, (system, _) in added.items():
        if name in BUILT_IN or name in RENAMED:
            raise UserError(
                f"The system '{system}' adds the command 'cantus {name}', which is built in: "
                "rename it in the system's commands.py, or uninstall the system."
            )
    return added


def _print_version(context: click.Context, option: click.Parameter, wanted: bool) -> None:  # noqa: ARG001
    if wanted and not context.resilient_parsing:
        from engine.cli.show.versions import versions

        click.echo(versions())
        context.exit()


@click.group(
    cls=_Commands,
    no_args_is_help=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the versions of Cantus, Python and torch, and exit.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def commands(context: click.Context, debug: bool) -> None:
    """Train neural audio models from versioned TOML recipes.

    \b
    Examples:
      cantus check                 report every fault of every recipe
      cantus estimate audio_vae    measure what a run will take
      dvc repro audio_vae          train a recipe, and what it needs
      cantus why audio_vae         explain how the last run ended

    'cantus COMMAND --help' explains a command. Manual: docs/index.md.
    """
    del debug  # main takes it from the arguments, wherever it stands: declared here for --help
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and leave with one of the exit codes of `engine/exit_codes.py`.

    With `--json`, standard output is one JSON document: the answer, or the error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug, as_json = "--debug" in words, _JSON in words and not _HELP & set(words)
    words = [word for word in words if word != "--debug"]
    # transformers imports torchao where it is installed, and torch warns of types it registers.
    logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
    if COMPLETING in os.environ:
        import_module(f"{__name__}.shells").register()
    try:
        with shortages_in_words(), refusals_in_words("A file or the output", Path.cwd()):
            code = _answered(words, as_json=as_json)
    except (Exception, SystemExit) as error:
        if isinstance(error, SystemExit) and not as_json:
            raise
        if isinstance(error, UserError) and debug:
            raise
        from engine.cli.answers.error import refused  # imports what reads recipes

        answer = refused(error)
        _complain(error, answer.message)
        if as_json:
            with suppress(OSError):  # the error may be that standard output is closed or full
                print_answer(answer)
        code = answer.exit_code
    sys.exit(code)


def _answered(words: Sequence[str], *, as_json: bool) -> int:
    """Run a command; its exit code."""
    with ExitStack() as around:
        if as_json:
            around.enter_context(output_to_standard_error())
            around.enter_context(exit_at_sigterm())
        if words and words[0] in SHOW_RESULTS and not _HELP & set(words):
            _refresh_refs()
        found = commands.main([*words], prog_name="cantus", standalone_mode=False)
    if isinstance(found, Answer):
        print_answer(found)
        return found.exit_code
    if isinstance(found, str):  # JSON whose schema is another's
        click.echo(found, nl=False)
        return Exit.DONE
    return found if isinstance(found, int) else Exit.DONE


def _complain(error: BaseException, message: str) -> None:
    """Say an error on standard error, an error of Cantus itself with its traceback."""
    if isinstance(error, UserError | click.ClickException):
        complain(message)
    elif not isinstance(error, click.Abort | SystemExit):
        traceback.print_exception(error)


def _refresh_refs() -> None:
    from engine.project import find_project
    from engine.tracking.recipe_refs import keep_refs_fresh

    note = keep_refs_fresh(find_project())
    if note:
        say(note, err=True)
