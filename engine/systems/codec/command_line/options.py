"""The options that `cantus encode`, `decode` and `reconstruct` share."""

from pathlib import Path

import click

from engine.system_support.completing import of_system, trained_models

files_argument = click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
model_option = click.option(
    "--model",
    required=True,
    metavar="MODEL",
    shell_complete=trained_models(of_system("codec")),
    help="A trained codec's recipe, a weights.pth, or the folder of a DacModel.",
)
quantizers_option = click.option(
    "--quantizers", type=click.IntRange(1), metavar="N", help="Use only the first N: fewer bits."
)
