"""The arguments and options that several commands have."""

import click

from engine.system_support.completing import names, recipes, runs, settings

recipe_argument = click.argument("recipe", shell_complete=names(recipes, runs, files=True))
recipes_argument = click.argument(
    "recipes", nargs=-1, metavar="[RECIPE]...", shell_complete=names(recipes, files=True)
)
run_argument = click.argument("run", shell_complete=names(runs, files=True))
overrides_option = click.option(
    "-S",
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=settings,
    help="Change a value of the recipe, such as training.epochs=3; may be repeated.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document, for programs."
)
"""With this option a command returns its `Answer`, which `engine.cli.main` prints."""
