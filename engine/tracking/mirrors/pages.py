"""Links into a tracker's pages."""

from collections.abc import Sequence

from attrs import frozen

from engine.tracking.mirrors.aim_links import audio_link, curves_link
from engine.tracking.mirrors.place import MirrorPlace
from engine.tracking.mirrors.state import MirrorState
from engine.tracking.mirrors.trackio_here import trackio_link


@frozen
class Link:
    """A link into a tracker's pages."""

    title: str
    address: str


def links_to(place: MirrorPlace, address: str, runs: Sequence[MirrorState]) -> list[Link]:
    """Links to pages that show runs beside each other."""
    if place.kind == "trackio":
        return [Link("curves, sounds and parameters", trackio_link(address, runs))]
    return [
        Link("curves", curves_link(address, runs)),
        Link("sounds, side by side", audio_link(address, runs)),
    ]
