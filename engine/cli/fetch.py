"""`cantus fetch`: put published weights in place, with their licence agreed to."""

import click

from engine.errors import UserError
from engine.fetch.catalogue import Entry, Licence
from engine.project import Project
from engine.terminal.say import say

_FOLDER = "published"


@click.command()
@click.argument("name")
@click.option("--from", "place", metavar="PLACE", help="Another repository, address or folder.")
@click.option("--accept-licence", is_flag=True, help="Agree to the licence without being asked.")
def command(name: str, place: str | None, accept_licence: bool) -> None:
    """Put the published weights NAME into published/NAME, for recipes to start from.

    Their licence is shown first, and nothing is fetched unless you agree to it. What was cut off
    or stopped is continued when the same command is given again; files are held to their
    checksums, and what is in place is not fetched again. Files come from the Hugging Face hub, with
    your token where HF_TOKEN holds one, or from the mirror of it that HF_ENDPOINT names.

    \b
    Examples:
      cantus fetch xtts_v2
      cantus fetch xtts_v2 --accept-licence
      cantus fetch xtts_v2 --from hf://owner/name@revision
      cantus fetch xtts_v2 --from https://files.example/xtts_v2
      cantus fetch xtts_v2 --from ~/downloads/xtts_v2
    """
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
        click.echo("Stopped: the same command goes on with what has arrived.", err=True)
        raise


def _require_licence(entry: Entry, project: Project, accepted: bool) -> None:
    """Raise UserError where the user does not agree; nothing is written then."""
    from engine.fetch.licence import is_accepted, note_acceptance

    folder, licence = project.root / _FOLDER / entry.name, entry.licence
    if is_accepted(licence, folder):
        return
    say(f"{entry.name}: {entry.summary}\n\n{licence.name}\n{licence.summary}\n{licence.address}\n")
    if not (accepted or _agrees(licence)):
        raise UserError(
            f"The licence of {entry.name} was not accepted, and nothing was fetched. Agree to it "
            "when you are asked, or with --accept-licence."
        )
    note_acceptance(licence, folder)


def _agrees(licence: Licence) -> bool:
    try:
        return click.confirm(f"Do you accept the {licence.name}?", default=False)
    except click.Abort:  # nobody is there to answer
        return False
