"""The commands that XTTS adds to `cantus`. No torch: `cantus --help` reads this."""

from engine.system_support.commands import Command

COMMANDS = (Command("speak", "Speak text in a voice.", "engine.systems.xtts.command_line.speak"),)
