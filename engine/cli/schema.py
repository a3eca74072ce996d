"""`cantus schema`: the recipe reference, and a JSON schema for editors."""

import json
from collections.abc import Mapping
from pathlib import Path

import click

from engine.files.atomic import write_atomically
from engine.project import find_project
from engine.recipe.json_schema import json_schema
from engine.recipe.reference import reference_pages
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
      cantus schema --write         update docs/recipe-reference/ and docs/recipe.schema.json
    """
    pages = reference_pages(recipe_classes())
    schema = json.dumps(json_schema(recipe_classes()), indent=2) + "\n"
    if write:
        _write(find_project().root / "docs", pages, schema)
    else:
        click.echo(schema if as_json else "\n".join(pages.values()), nl=False)


def _write(docs: Path, pages: Mapping[str, str], schema: str) -> None:
    """The pages in place of those of an older schema, and the JSON schema beside their folder."""
    folder = docs / "recipe-reference"
    for name, text in pages.items():
        write_atomically(folder / name, text)
    for old in set(folder.glob("*.md")) - {folder / name for name in pages}:
        old.unlink()
    write_atomically(docs / "recipe.schema.json", schema)
