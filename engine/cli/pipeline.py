"""`cantus pipeline`: dvc.yaml, derived from the recipes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.terminal.say import say

if TYPE_CHECKING:
    from engine.pipeline.stages import Pipeline


@click.command()
@click.option("--write", is_flag=True, help="Write dvc.yaml.")
def command(write: bool) -> None:
    """List DVC's stages for recipes/ and params.toml; with --write, write dvc.yaml.

    Each recipe is a stage of its name, so that `dvc repro RECIPE` trains it and everything it
    needs. Recipes that cannot run with params.toml are left out, and the reason is printed. Stages
    that you added to dvc.yaml stay as they are. --write prints what it changed.

    \b
    Examples:
      cantus pipeline
      cantus pipeline --write
    """
    from engine.cli.show.without_stage import by_reason
    from engine.pipeline.dvc_yaml import staleness
    from engine.pipeline.load import load_pipeline
    from engine.project import find_project
    from engine.recipe import load_params

    project = find_project()
    pipeline = load_pipeline(project, load_params(project.params))
    if not write:
        for name, stage in pipeline.stages.items():
            body = stage.get("do", stage)
            say(f"{name:<24}{body['desc']}")
    for why in by_reason(pipeline.left_out):
        say(f"note: {why}")
    if write:
        say(_write(project.dvc_yaml, pipeline))
    else:
        say(staleness(project.dvc_yaml, pipeline) or "dvc.yaml is up to date")


def _write(path: Path, pipeline: "Pipeline") -> str:
    """Write dvc.yaml; what that changed, in words."""
    from engine.pipeline.dvc_yaml import find_changes, write_pipeline

    existed, changes = path.is_file(), find_changes(path, pipeline)
    if not write_pipeline(path, pipeline):
        return "dvc.yaml was up to date"
    if not existed:
        return f"dvc.yaml is written, with {len(pipeline.stages)} stages"
    said = changes.in_words(
        "stage {} added", "stage {} deleted", "{} changed", "params, plots or artifacts changed"
    )
    return f"dvc.yaml is written: {said or 'descriptions changed'}"
