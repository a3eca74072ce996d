"""`cantus adopt`: put the user's own audio in a built-in corpus's place."""

from pathlib import Path

import click

from engine.errors import UserError
from engine.files.text import visible, visible_lines
from engine.project import Project


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--as", "name", default="words", show_default=True, help="The corpus it becomes.")
@click.option(
    "--speakers",
    type=click.Choice(["unknown", "folder"]),
    help="Whether the innermost folder names the speaker. [default: as in params.toml]",
)
@click.option(
    "--columns",
    metavar="NAMES",
    help="What the columns of the folder's tables are, where no first line says it: "
    "file,speaker,text (also language, label, list; - passes one over).",
)
@click.option(
    "--rates",
    metavar="HZ,HZ",
    help="Rates it is packed at: 16000,22050. A corpus that params.toml lacks needs them.",
)
@click.option(
    "--at-most-bad",
    type=float,
    help="Share of bad files past which ingesting stops. [default: as in params.toml]",
)
def command(
    folder: Path,
    name: str,
    speakers: str | None,
    columns: str | None,
    rates: str | None,
    at_most_bad: float | None,
) -> None:
    """Put your own audio in the place of a built-in corpus.

    Copies FOLDER to data/NAME (your files are never moved, linked or deleted), has DVC track it,
    and makes it the source of corpus NAME in params.toml and dvc.yaml. Where a step fails all is
    left as it was; what a kill interrupts goes on when the same is adopted again. FOLDER may hold
    plain audio, or be laid out in one of the ways of docs/corpus.md: metadata.csv, one text a clip
    (VCTK, LibriTTS), Speech Commands, Common Voice, LibriSpeech, Kaldi, NeMo, Lhotse, ChatML,
    Parquet files, Asterisk's recordings as Debian packs them. A table may have any name and any
    delimiter. Where it is not certain what its columns are, the first rows are shown as they are
    understood, nothing is copied, and --columns answers; it is kept in params.toml as columns.

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
        f"  dvc repro\n"
        f"Others get the audio from a DVC remote: docs/sharing.md."
    )


def _rates(words: str) -> list[int]:
    try:
        return [int(word) for word in words.split(",")]
    except ValueError as error:
        raise UserError(f"--rates {words}: give rates in Hz, as 16000,22050.") from error


def _write_pipeline(project: Project) -> None:
    """Have the corpus's stage depend on the new folder; what is adopted stays so without it."""
    from engine.pipeline.dvc_yaml import write_pipeline
    from engine.pipeline.load import load_pipeline
    from engine.recipe import load_params

    try:
        write_pipeline(project.dvc_yaml, load_pipeline(project, load_params(project.params)))
    except UserError as error:
        click.echo(
            visible_lines(
                f"note: dvc.yaml does not name data/ anew: {error}\nThen: cantus pipeline --write"
            )
        )
