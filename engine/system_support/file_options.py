"""The options of all commands that write audio files."""

from pathlib import Path

import click

output_folder_option = click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Folder to write to.  [default: beside each file]",
)
float_option = click.option(
    "--float", "as_float", is_flag=True, help="Write 32-bit float samples instead of 16-bit ones."
)
force_option = click.option("--force", is_flag=True, help="Overwrite files that exist.")
