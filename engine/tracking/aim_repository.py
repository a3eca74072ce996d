"""Where runs are mirrored to: an Aim repository in a folder, or a tracking server."""

from pathlib import Path

from attrs import frozen

from engine.project import Project
from engine.recipe.params import Tracking

_SERVER = "aim://"


@frozen
class AimRepository:
    """A repository, and how far it has come with each run."""

    place: str
    """The folder that holds `.aim`, or a server's address."""
    states: Path
    """In the repository; of a server, in the project, as nothing of ours can lie with it."""

    @property
    def is_server(self) -> bool:
        """Whether it is somewhere else, with its pages."""
        return self.place.startswith(_SERVER)


def repository_in(folder: Path) -> AimRepository:
    """The repository of a folder."""
    return AimRepository(str(folder), folder / ".aim" / "cantus")


def aim_repository(project: Project, tracking: Tracking) -> AimRepository:
    """The repository that params.toml names."""
    given = tracking.aim_repository
    if given.startswith(_SERVER):
        name = given.removeprefix(_SERVER).replace(":", "_")
        return AimRepository(given, project.checkout / ".aim" / "cantus" / name)
    return repository_in(project.checkout / given)
