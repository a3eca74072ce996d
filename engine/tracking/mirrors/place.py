"""Places of mirrored runs: an Aim repository in a folder or on a server, or Trackio's folder."""

from pathlib import Path

from attrs import frozen

from engine.project import Project
from engine.recipe.params import Mirror, Tracking

_SERVER = "aim://"
_TRACKIO = ".trackio"
_TITLES = {"aim": "Aim", "trackio": "Trackio"}


@frozen
class MirrorPlace:
    """A tracker's copy of runs, with its state of each."""

    kind: Mirror
    place: str
    """The folder that holds `.aim`, a server's address, or Trackio's own folder."""
    states: Path
    """The folder of states: in the copy; for a server, in the project."""

    @property
    def title(self) -> str:
        """The tracker's name in sentences."""
        return _TITLES[self.kind]

    @property
    def is_server(self) -> bool:
        """Whether the place is a tracking server."""
        return self.place.startswith(_SERVER)


def repository_in(folder: Path) -> MirrorPlace:
    """The Aim repository of a folder."""
    return MirrorPlace("aim", str(folder), folder / ".aim" / "cantus")


def mirror_place(kind: Mirror, project: Project, tracking: Tracking) -> MirrorPlace:
    """A tracker's place for the project's runs; params.toml can set another one for Aim."""
    if kind == "trackio":
        folder = project.checkout / _TRACKIO
        return MirrorPlace("trackio", str(folder), folder / "cantus")
    given = tracking.aim_repository
    if given.startswith(_SERVER):
        name = given.removeprefix(_SERVER).replace(":", "_")
        return MirrorPlace("aim", given, project.checkout / ".aim" / "cantus" / name)
    return repository_in(project.checkout / given)
