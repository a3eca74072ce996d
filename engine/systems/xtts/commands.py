"""The commands that XTTS adds to `cantus`. No torch: `cantus --help` reads this."""

from engine.systems.commands import Command

COMMANDS = (Command("speak", "Speak text in a voice.", "engine.systems.xtts.command_line.speak"),)
