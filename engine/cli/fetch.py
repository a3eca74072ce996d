"""`cantus fetch`: download published weights after their licence is accepted."""

from collections.abc import Iterable

import click

from engine.errors import UserError
from engine.fetch.catalogue import Entry, Licence
from engine.project import Project
from engine.system_support.completing import names
from engine.terminal.say import say

_FOLDER = "published"


def _published(_: Project) -> Iterable[str]:
    from engine.fetch.catalogue import read_catalogue

    return read_catalogue()


class _Listing(click.Command):
    """A command whose help ends with what can be fetched."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Published weights"):
            formatter.write_dl(_rows())


@click.command(cls=_Listing)
@click.argument("name", required=False, shell_complete=names(_published))
@click.option(
    "--from",
    "place",
    metavar="PLACE",
    help="Another repository, address or folder to take them from.",
)
@click.option("--accept-licence", is_flag=True, help="Accept the licence without being asked.")
def command(name: str | None, place: str | None, accept_licence: bool) -> None:
    """Download the published weights NAME to published/NAME, for recipes to start from.

    The licence is shown first, and nothing is downloaded unless you accept it. After an
    interruption the same command continues. Files are compared with their checksums, and files that
    are complete are not downloaded again. They come from the Hugging Face hub, with your token if
    HF_TOKEN holds one, or from the mirror that HF_ENDPOINT names. Without NAME, what can be fetched
    is listed with its licence.

    \b
    Examples:
      cantus fetch                      what there is
      cantus fetch xtts_v2
      cantus fetch xtts_v2 --accept-licence
      cantus fetch xtts_v2 --from hf://owner/name@revision
      cantus fetch xtts_v2 --from https://files.example/xtts_v2
      cantus fetch xtts_v2 --from ~/downloads/xtts_v2
    """
    if name is None:
        from engine.terminal.columns import aligned

        say("\n".join([*aligned(_rows()), "", "To fetch one: cantus fetch NAME"]))
        return
    from engine.fetch.catalogue import find_entry
    from engine.fetch.fetch import fetch
    from engine.fetch.source import source_at
    from engine.project import find_project
    from engine.terminal.byte_progress import byte_progress

    entry, project = find_entry(name), find_project()
    source = source_at(place or entry.place)
    folder = project.root / _FOLDER / entry.name
    _require_licence(entry, project, accept_licence)
    try:
        with byte_progress() as progress:
            fetch(entry, folder, source, say, progress)
    except KeyboardInterrupt:
        click.echo("Stopped: the same command continues the download.", err=True)
        raise


def _rows() -> list[tuple[str, str]]:
    """What can be fetched: names, and what each is with its licence."""
    from engine.fetch.catalogue import read_catalogue

    entries = read_catalogue().values()
    return [(one.name, f"{one.summary}; licence: {one.licence.name}") for one in entries]


def _require_licence(entry: Entry, project: Project, accepted: bool) -> None:
    """Raise UserError where the user does not agree; nothing is written then."""
    from engine.fetch.licence import is_accepted, note_acceptance

    folder, licence = project.root / _FOLDER / entry.name, entry.licence
    if is_accepted(licence, folder):
        return
    say(f"{entry.name}: {entry.summary}\n\n{licence.name}\n{licence.summary}\n{licence.address}\n")
    if not (accepted or _agrees(licence)):
        raise UserError(
            f"The licence of {entry.name} was not accepted, and nothing was downloaded. Accept "
            "it when you are asked, or with --accept-licence."
        )
    note_acceptance(licence, folder)


def _agrees(licence: Licence) -> bool:
    try:
        return click.confirm(f"Do you accept the {licence.name}?", default=False)
    except click.Abort:  # there is no terminal to answer from
        return False
