"""The commands that this system adds to `cantus`. No torch: `cantus --help` reads this."""

from engine.system_support.commands import Command

COMMANDS = (
    Command(
        "clone",
        "Speak text in the voice of a recording.",
        "engine.systems.codec_lm.command_line.clone",
    ),
)
