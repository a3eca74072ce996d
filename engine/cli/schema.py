"""`cantus schema`: the recipe reference, and a JSON schema for editors."""

import json

import click

from engine.files.atomic import write_atomically
from engine.project import find_project
from engine.recipe.json_schema import json_schema
from engine.recipe.reference import reference
from engine.system_support.discovery import recipe_classes


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the JSON schema instead.")
@click.option("--write", is_flag=True, help="Write both to docs/ instead of printing.")
def command(as_json: bool, write: bool) -> None:
    """Print the recipe reference.

    \b
    Examples:
      cantus schema | less
      cantus schema --json          for editors; Taplo completes recipes from it
      cantus schema --write         update docs/recipe-reference.md and docs/recipe.schema.json
    """
    markdown = reference(recipe_classes())
    schema = json.dumps(json_schema(recipe_classes()), indent=2) + "\n"
    if write:
        docs = find_project().root / "docs"
        write_atomically(docs / "recipe-reference.md", markdown)
        write_atomically(docs / "recipe.schema.json", schema)
    else:
        click.echo(schema if as_json else markdown, nl=False)
