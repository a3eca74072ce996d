"""`cantus schema`: the recipe reference, and a JSON schema for editors."""

import json
from collections.abc import Mapping
from pathlib import Path

import click

from engine.cli.answers.registry import ANSWERS, file_of, schema_files
from engine.files.atomic import write_atomically
from engine.project import find_project
from engine.recipe.json_schema import json_schema
from engine.recipe.reference import reference_pages
from engine.system_support.discovery import recipe_classes


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the JSON schema of recipes instead.")
@click.option(
    "--of",
    "answer",
    type=click.Choice([*ANSWERS]),
    metavar="DOCUMENT",
    help="Print the JSON schema of what --json of a command prints, such as cantus.check/1.",
)
@click.option("--write", is_flag=True, help="Write all of them to docs/ instead of printing.")
def command(as_json: bool, answer: str | None, write: bool) -> str | None:
    """Print the recipe reference, or a JSON schema.

    \b
    Examples:
      cantus schema | less
      cantus schema --json          for editors; Taplo completes recipes from it
      cantus schema --of cantus.check/1
      cantus schema --write         update docs/recipe-reference/, docs/recipe.schema.json and
                                    docs/schemas/
    """
    pages = reference_pages(recipe_classes())
    schema = json.dumps(json_schema(recipe_classes()), indent=2) + "\n"
    if as_json:
        return schema
    if answer is not None:
        click.echo(schema_files()[file_of(answer)], nl=False)
    elif write:
        _write(find_project().root / "docs", pages, schema)
    else:
        click.echo("\n".join(pages.values()), nl=False)
    return None


def _write(docs: Path, pages: Mapping[str, str], schema: str) -> None:
    """The pages in place of those of an older schema, and the JSON schema beside their folder."""
    folder = docs / "recipe-reference"
    for name, text in pages.items():
        write_atomically(folder / name, text)
    for old in set(folder.glob("*.md")) - {folder / name for name in pages}:
        old.unlink()
    write_atomically(docs / "recipe.schema.json", schema)
    for name, text in schema_files().items():
        write_atomically(docs / "schemas" / name, text)
