"""The commands that systems add to `cantus`. No torch.

A system that has some declares them as `COMMANDS` in a module `commands.py` beside its recipe
class. Only the module of the command that is used is imported.
"""

from collections.abc import Mapping

from attrs import frozen

from engine.errors import UserError
from engine.system_support.discovery import part_of_package, system_packages


@frozen
class Command:
    """A command of a system."""

    name: str
    """The word that is typed after `cantus`."""
    summary: str
    """A line for `cantus --help`."""
    module: str
    """The module that has it, a click command called `command`."""


def system_commands() -> Mapping[str, tuple[str, Command]]:
    """The commands of every system by their names, each with the name of its system.

    Raises UserError where two systems have a command of the same name.
    """
    found: dict[str, tuple[str, Command]] = {}
    for system, package in system_packages().items():
        part = part_of_package(package, "commands")
        for command in () if part is None else part.COMMANDS:
            if command.name in found:
                raise UserError(
                    f"The systems '{found[command.name][0]}' and '{system}' both add the command "
                    f"'cantus {command.name}'. Rename it in the commands.py of one of them, or "
                    "uninstall one."
                )
            found[command.name] = system, command
    return found
