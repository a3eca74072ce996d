"""`cantus ingest`: check and pack a corpus."""

import signal
import sys
from typing import TYPE_CHECKING

import click

from engine.system_support.completing import corpora, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.corpus import Corpus
    from engine.project import Project
    from engine.recipe import Params

_LONG_SECONDS = 60.0
"""Recipes of speech take clips of about ten seconds."""


@click.command()
@click.argument("name", required=False, shell_complete=names(corpora))
@click.option("--all", "every", is_flag=True, help="Ingest every corpus of params.toml.")
@click.option(
    "--explain",
    metavar="CLIP",
    help="Explain how one clip was used, or why not; change nothing.",
)
@click.option(
    "--verify", is_flag=True, help="Compare all files with their checksums; change nothing."
)
def command(name: str | None, every: bool, explain: str | None, verify: bool) -> None:
    """Check and pack the audio of a corpus.

    Opens, decodes and measures every file of corpus NAME, as params.toml describes it. A file that
    is damaged or out of limits is quarantined with the reason; if the share of such files exceeds
    at_most_bad, nothing is written. All other files are packed at the corpus's sample rates into
    build/corpus/NAME, with a page, report.html, that shows what was used and what was not.

    CLIP is the id of a clip, the path of a file, the end of either, or the number of a file in
    quarantine. --verify reads the clips' files and the packed audio in full; training does so by
    itself for files whose size or time has changed.

    \b
    Examples:
      cantus ingest words
      cantus ingest --all
      cantus ingest words --explain alexa/126.flac
      cantus ingest words --explain 3
      cantus ingest words --verify
    """
    if (name is None) != every or (every and explain is not None):
        raise click.UsageError("Give the NAME of one corpus, or --all.")
    if verify and explain is not None:
        raise click.UsageError("Give --explain or --verify, not both.")
    from engine.project import find_project

    project = find_project()
    if explain is not None:
        click.echo(_explained(project, str(name), explain))
    elif verify:
        _verify(project, name)
    else:
        _ingest(project, name)


def _explained(project: "Project", name: str, clip: str) -> str:
    """By the last ingest, also where that found too many bad files to become a corpus."""
    from engine.corpus.account.explain import explain_clip
    from engine.corpus.ingest import REFUSED

    refused = project.ingest(name) / REFUSED / name
    return explain_clip(refused if refused.is_dir() else project.corpus(name), clip)


def _verify(project: "Project", name: str | None) -> None:
    from engine.corpus.integrity import require_intact
    from engine.recipe import load_params

    params = load_params(project.params)
    for one in [name] if name else params.corpora:
        num_clips = require_intact(one, params.corpus(one), project, read=True)
        click.echo(f"{one}: {num_clips:,} clips: their files and packed audio are as ingested")


def _ingest(project: "Project", name: str | None) -> None:
    from engine.corpus import ingest
    from engine.recipe import load_params
    from engine.terminal.file_progress import file_progress

    # So that workers and what is half done go with it.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    params = load_params(project.params)
    for one in [name] if name else params.corpora:
        with file_progress(f"ingesting {one}") as progress:
            corpus = ingest(one, params.corpus(one), project, work=params.work, progress=progress)
        _print_report(project, params, corpus)


def _print_report(project: "Project", params: "Params", corpus: "Corpus") -> None:
    from engine.corpus.account.page import PAGE_FILE
    from engine.corpus.account.summary import near_duplicate_lines, quarantine_lines, report_rows
    from engine.system_support.usage import usage_lines
    from engine.terminal.columns import aligned

    bad = corpus.manifest.quarantined
    page = (corpus.folder / PAGE_FILE).relative_to(project.root)
    lines = [*aligned(report_rows(corpus.report)), *quarantine_lines(bad, len(bad))]
    lines += near_duplicate_lines(corpus.report.near_duplicates)
    lines += _long_recordings(params, corpus)
    lines += [*usage_lines(corpus.folder.name, project, params, corpus), f"page: {page}", ""]
    click.echo("\n".join(lines))


def _long_recordings(params: "Params", corpus: "Corpus") -> "Iterator[str]":
    """A note where recordings could be cut and are much longer than what recipes take."""
    name, report = corpus.folder.name, corpus.report
    if report.longest_seconds <= _LONG_SECONDS or params.corpus(name).segment != "off":
        return
    clips = corpus.manifest.clips
    number = sum(clip.seconds > _LONG_SECONDS and not clip.text for clip in clips)
    if number:
        which = "recordings are" if number > 1 else "recording is"
        yield (
            f"note: {number:,} {which} longer than {_LONG_SECONDS:g} s (the longest: "
            f"{report.longest_seconds / 60:.1f} minutes) and not cut. To have that done: "
            f'segment = "silence" and max_seconds = 10 in [corpora.{name}] of params.toml, then '
            f"cantus ingest {name}"
        )
