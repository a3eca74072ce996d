"""`cantus pipeline`: dvc.yaml, derived from the recipes."""

import click

from engine.terminal.say import say


@click.command()
@click.option("--write", is_flag=True, help="Write dvc.yaml.")
def command(write: bool) -> None:
    """List DVC's stages for recipes/ and params.toml; with --write, write dvc.yaml.

    Each recipe is a stage of its name, so that `dvc repro RECIPE` trains it and everything it
    needs. Recipes that cannot run with params.toml are left out, and the reason is printed. Stages
    that you added to dvc.yaml stay as they are.

    \b
    Examples:
      cantus pipeline
      cantus pipeline --write
    """
    from engine.pipeline.dvc_yaml import staleness, write_pipeline
    from engine.pipeline.load import load_pipeline
    from engine.project import find_project
    from engine.recipe import load_params

    project = find_project()
    pipeline = load_pipeline(project, load_params(project.params))
    for name, stage in pipeline.stages.items():
        body = stage.get("do", stage)
        say(f"{name:<24}{body['desc']}")
    for name, why in pipeline.left_out.items():
        say(f"left out: {name}: {why}")
    existed, stale = project.dvc_yaml.is_file(), staleness(project.dvc_yaml, pipeline)
    if write:
        changed = write_pipeline(project.dvc_yaml, pipeline)
        was = (
            f" ({stale.split(': ', 1)[1].split('. ')[0]})" if stale and changed and existed else ""
        )
        say(f"dvc.yaml is written{was}" if changed else "dvc.yaml was up to date")
    else:
        say(stale or "dvc.yaml is up to date")
