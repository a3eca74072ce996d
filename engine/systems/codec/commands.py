"""The commands that the codec adds to `cantus`. No torch: `cantus --help` reads this."""

from engine.system_support.commands import Command

COMMANDS = (
    Command(
        "encode", "Code audio files as .dac files.", "engine.systems.codec.command_line.encode"
    ),
    Command("decode", "Decode .dac files to audio.", "engine.systems.codec.command_line.decode"),
    Command(
        "reconstruct",
        "Send audio through a codec and back.",
        "engine.systems.codec.command_line.reconstruct",
    ),
)
