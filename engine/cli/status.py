"""`cantus status`: recipes, runs, verdicts, what is in use, and what is stale."""

import json
from typing import TYPE_CHECKING

import click

from engine.terminal.say import say

if TYPE_CHECKING:
    from engine.cli.show.project_status import ProjectStatus


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object.")
@click.option("--verify", is_flag=True, help="Read every byte of promoted models, not their ends.")
def command(as_json: bool, verify: bool) -> None:
    """Print how every recipe stands: trained or not, its verdict, whether it is in use or stale.

    A model is stale where training its recipe again would learn something else: the recipe, the
    code that counts, the seed or the data changed, or its parent was trained again.

    \b
    Examples:
      cantus status
      cantus status --json | jq '.recipes[] | select(.stale != []) | .name'
    """
    from engine.cli.show.project_status import project_status
    from engine.project import find_project

    status = project_status(find_project(), thorough=verify)
    if as_json:
        say(json.dumps(status.plain(), indent=1))
        return
    for line in _lines(status):
        say(line)


def _lines(status: "ProjectStatus") -> list[str]:
    from engine.cli.show.status_lines import status_lines

    return status_lines(status)
