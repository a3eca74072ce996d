from tests.command_line import cantus, project, recipe  # noqa: F401 (fixtures)
from tests.seed_projects import trained, words  # noqa: F401 (fixtures)
