"""`cantus status`: recipes, runs, verdicts, what is in use, and what is stale."""

import json
from typing import TYPE_CHECKING

import click

from engine.terminal.say import say

if TYPE_CHECKING:
    from engine.cli.show.project_status import ProjectStatus


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@click.option(
    "--verify", is_flag=True, help="Compare promoted models with their checksums in full."
)
def command(as_json: bool, verify: bool) -> str | None:
    """Show the state of every recipe: trained or not, its verdict, in use or not, stale or not.

    A model is stale if training its recipe again would give another model: the recipe, the code
    that trains it, the seed or the data changed, or its parent was trained again.

    \b
    Examples:
      cantus status
      cantus status --json | jq '.recipes[] | select(.stale != []) | .name'
    """
    from engine.cli.show.project_status import project_status
    from engine.project import find_project

    status = project_status(find_project(), thorough=verify)
    if as_json:
        return json.dumps(status.plain(), indent=1) + "\n"
    for line in _lines(status):
        say(line)
    return None


def _lines(status: "ProjectStatus") -> list[str]:
    from engine.cli.show.status_lines import status_lines

    return status_lines(status)
