"""Where runs are mirrored to: an Aim repository in a folder or on a server, or Trackio's folder."""

from pathlib import Path

from attrs import frozen

from engine.project import Project
from engine.recipe.params import Mirror, Tracking

_SERVER = "aim://"
_TRACKIO = ".trackio"
_TITLES = {"aim": "Aim", "trackio": "Trackio"}


@frozen
class MirrorPlace:
    """The copy of runs that a tracker holds, and how far it has come with each."""

    kind: Mirror
    place: str
    """The folder that holds `.aim`, a server's address, or Trackio's own folder."""
    states: Path
    """In the copy; of a server, in the project, as nothing of ours can lie with it."""

    @property
    def title(self) -> str:
        """The tracker's name in sentences."""
        return _TITLES[self.kind]

    @property
    def is_server(self) -> bool:
        """Whether it is somewhere else, with its pages."""
        return self.place.startswith(_SERVER)


def repository_in(folder: Path) -> MirrorPlace:
    """The Aim repository of a folder."""
    return MirrorPlace("aim", str(folder), folder / ".aim" / "cantus")


def mirror_place(kind: Mirror, project: Project, tracking: Tracking) -> MirrorPlace:
    """Where a tracker keeps the project's runs; params.toml names another place for Aim's."""
    if kind == "trackio":
        folder = project.checkout / _TRACKIO
        return MirrorPlace("trackio", str(folder), folder / "cantus")
    given = tracking.aim_repository
    if given.startswith(_SERVER):
        name = given.removeprefix(_SERVER).replace(":", "_")
        return MirrorPlace("aim", given, project.checkout / ".aim" / "cantus" / name)
    return repository_in(project.checkout / given)
