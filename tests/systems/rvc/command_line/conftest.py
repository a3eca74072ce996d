from tests.command_line import cantus, project, recipe  # noqa: F401 (fixtures)
