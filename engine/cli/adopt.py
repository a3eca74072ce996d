"""`cantus adopt`: import a folder of audio as a corpus."""

from pathlib import Path

import click

from engine.errors import UserError
from engine.files.text import visible, visible_lines
from engine.project import Project
from engine.system_support.completing import corpora, names


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--as",
    "name",
    default="words",
    show_default=True,
    shell_complete=names(corpora),
    help="Name of the corpus.",
)
@click.option(
    "--speakers",
    type=click.Choice(["unknown", "folder"]),
    help="Whether the innermost folder names the speaker.  [default: as in params.toml]",
)
@click.option(
    "--columns",
    metavar="NAMES",
    help="Columns of the folder's tables if they have no header: file,speaker,text (also "
    "language, label, list; - skips a column).",
)
@click.option(
    "--rates",
    metavar="HZ,HZ",
    help="Sample rates to pack, such as 16000,22050. A new corpus needs them.",
)
@click.option(
    "--at-most-bad",
    type=float,
    help="Share of bad files above which ingesting stops.  [default: as in params.toml]",
)
def command(
    folder: Path,
    name: str,
    speakers: str | None,
    columns: str | None,
    rates: str | None,
    at_most_bad: float | None,
) -> None:
    """Import a folder of audio as a corpus.

    Copies FOLDER to data/NAME (your files are never moved, linked or deleted), tracks it with DVC,
    and makes it the source of corpus NAME in params.toml and dvc.yaml. If a step fails, everything
    is left as it was; after a kill the same command continues. FOLDER may hold plain audio, or have
    one of the layouts of docs/corpus-layouts.md: metadata.csv, one text file per clip (VCTK,
    LibriTTS), Speech Commands, Common Voice, LibriSpeech, Kaldi, NeMo, Lhotse, ChatML, Parquet, or
    Asterisk's recordings as Debian packs them. A table may have any name and any delimiter. If it
    is not certain what the columns are, the first rows are shown as they are understood and nothing
    is copied: then give --columns, which is saved in params.toml.

    \b
    Examples:
      cantus adopt ~/speech_commands_v0.02
      cantus adopt ~/recordings --as words --speakers folder
      cantus adopt ~/LJSpeech-1.1 --as speech
      cantus adopt ~/voices --as speech --columns file,speaker,text
      cantus adopt ~/anna --as anna --rates 22050
    """
    from engine.corpus.adopt import adopt
    from engine.project import find_project
    from engine.terminal.file_progress import file_progress

    project = find_project()
    with file_progress(f"copying to data/{name}") as progress:
        listing = adopt(
            folder.expanduser(),
            name,
            project,
            speakers=speakers,
            columns=[one.strip() for one in columns.split(",")] if columns else (),
            rates=_rates(rates) if rates else (),
            at_most_bad=at_most_bad,
            progress=progress,
        )
    _write_pipeline(project)
    for one in listing.passed_over:
        click.echo(visible(f"passed over: {one}"))
    click.echo(
        f"data/{name} holds {listing.num_candidates:,} audio files (layout: {listing.described}), "
        f"tracked by data/{name}.dvc, and params.toml names it as the source of corpus {name!r}."
    )
    click.echo(
        f"Next:\n"
        f"  git add -A && git commit -m 'Adopt {name}'\n"
        f"  cantus ingest {name}    # what is in it, and which recipes use it\n"
        f"Other people get the audio from a DVC remote: docs/sharing.md."
    )


def _rates(words: str) -> list[int]:
    try:
        return [int(word) for word in words.split(",")]
    except ValueError as error:
        raise UserError(
            f"--rates {words}: give sample rates in Hz between commas, such as 16000,22050."
        ) from error


def _write_pipeline(project: Project) -> None:
    """Make the corpus's stage depend on the new folder; print a note where that fails."""
    from engine.pipeline.dvc_yaml import write_pipeline
    from engine.pipeline.load import load_pipeline
    from engine.recipe import load_params

    try:
        write_pipeline(project.dvc_yaml, load_pipeline(project, load_params(project.params)))
    except UserError as error:
        click.echo(
            visible_lines(
                f"note: dvc.yaml was not updated: {error}\nThen run: cantus pipeline --write"
            )
        )
