"""The commands that RVC adds to `cantus`. No torch: `cantus --help` reads this."""

from engine.system_support.commands import Command

COMMANDS = (
    Command(
        "convert",
        "Convert recordings to a trained voice.",
        "engine.systems.rvc.command_line.convert",
    ),
)
