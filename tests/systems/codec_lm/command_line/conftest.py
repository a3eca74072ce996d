from tests.command_line import cantus  # noqa: F401 (a fixture)
