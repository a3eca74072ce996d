"""`cantus ingest`: check and pack a corpus."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from engine.project import Project


@click.command()
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="Every corpus of params.toml.")
@click.option("--explain", metavar="CLIP", help="Say what became of one file, and change nothing.")
def command(name: str | None, every: bool, explain: str | None) -> None:
    """Check and pack a corpus.

    Opens, decodes and measures every file of corpus NAME, as params.toml describes it. What is bad
    or out of limits is quarantined with its reason; past the share at_most_bad nothing is written.
    The rest is packed at the corpus's sample rates into build/corpus/NAME.

    \b
    Examples:
      cantus ingest words
      cantus ingest --all
      cantus ingest words --explain alexa/126.flac
    """
    if (name is None) != every or (every and explain):
        raise click.UsageError("Give the NAME of one corpus, or --all.")
    from engine.project import find_project

    project = find_project()
    if explain:
        from engine.corpus.explain import explain_clip

        click.echo(explain_clip(project.corpus(str(name)), explain))
    else:
        _ingest(project, name)


def _ingest(project: "Project", name: str | None) -> None:
    from engine.cli.columns import aligned
    from engine.cli.file_progress import file_progress
    from engine.corpus import ingest
    from engine.corpus.explain import report_rows
    from engine.recipe import load_params

    params = load_params(project.params)
    for one in [name] if name else params.corpora:
        with file_progress(f"ingesting {one}") as progress:
            corpus = ingest(one, params.corpus(one), project, progress=progress)
        click.echo("\n".join(aligned(report_rows(corpus.report))) + "\n")
