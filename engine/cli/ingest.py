"""`cantus ingest`: check and pack a corpus."""

from itertools import islice
from typing import TYPE_CHECKING

import click

from engine.cli.answers.printed import exit_at_sigterm
from engine.cli.show.recipe_options import json_option
from engine.system_support.completing import corpora, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.cli.answers.answer import Answer
    from engine.cli.answers.ingest import IngestedCorpus, UsageOfCorpus
    from engine.corpus import Corpus
    from engine.project import Project
    from engine.recipe import Params

_LONG_SECONDS = 60.0
"""Recipes of speech take clips of about ten seconds."""
_MOST_QUARANTINED = 1000
"""Files in quarantine that the JSON lists; the table has all."""


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
@json_option
def command(
    name: str | None, every: bool, explain: str | None, verify: bool, as_json: bool
) -> "Answer | None":
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
        return _explain(project, str(name), explain, as_json=as_json)
    if verify:
        return _verify(project, name, as_json=as_json)
    return _ingest(project, name, as_json=as_json)


def _explain(project: "Project", name: str, clip: str, *, as_json: bool) -> "Answer | None":
    """By the last ingest, also where that found too many bad files to become a corpus."""
    from engine.corpus.account.explain import explain_clip
    from engine.corpus.ingest import REFUSED

    refused = project.ingest(name) / REFUSED / name
    said = explain_clip(refused if refused.is_dir() else project.corpus(name), clip)
    if as_json:
        from engine.cli.answers.ingest import ExplainAnswer

        return ExplainAnswer(corpus=name, clip=clip, sentences=said)
    click.echo(said)
    return None


def _verify(project: "Project", name: str | None, *, as_json: bool) -> "Answer | None":
    from engine.corpus.integrity import require_intact
    from engine.recipe import load_params

    params, clips = load_params(project.params), {}
    for one in [name] if name else params.corpora:
        clips[one] = require_intact(one, params.corpus(one, in_recipe=False), project, read=True)
        if not as_json:
            as_ingested = "clips: their files and packed audio are as ingested"
            click.echo(f"{one}: {clips[one]:,} {as_ingested}")
    if as_json:
        from engine.cli.answers.ingest import VerifyAnswer

        return VerifyAnswer(clips=clips)
    return None


def _ingest(project: "Project", name: str | None, *, as_json: bool) -> "Answer | None":
    from engine.corpus import ingest
    from engine.recipe import load_params
    from engine.terminal.file_progress import file_progress

    params, answers = load_params(project.params), []
    for one in [name] if name else params.corpora:
        source = params.corpus(one, in_recipe=False)
        # At SIGTERM, workers and what is half done go with it.
        with exit_at_sigterm(), file_progress(f"ingesting {one}") as progress:
            corpus = ingest(one, source, project, work=params.work, progress=progress)
        if as_json:
            answers.append(_answer(project, params, corpus))
        else:
            _print_report(project, params, corpus)
    if as_json:
        from engine.cli.answers.ingest import IngestAnswer

        return IngestAnswer(corpora=tuple(answers))
    return None


def _answer(project: "Project", params: "Params", corpus: "Corpus") -> "IngestedCorpus":
    from engine.cli.answers.ingest import IngestedCorpus, QuarantinedFile
    from engine.corpus.account.page import PAGE_FILE
    from engine.corpus.table.manifest import QUARANTINE_FILE

    bad, folder = corpus.manifest.quarantined, corpus.folder.relative_to(project.root)
    first = [
        QuarantinedFile(path=one.path, reason=one.reason, detail=one.detail)
        for one in islice(bad, _MOST_QUARANTINED)
    ]
    return IngestedCorpus(
        name=corpus.folder.name,
        folder=folder.as_posix(),
        page=(folder / PAGE_FILE).as_posix(),
        quarantine_file=(folder / QUARANTINE_FILE).as_posix(),
        report=corpus.report,
        quarantined=tuple(first),
        num_quarantined=len(bad),
        usage=tuple(_usage(project, params, corpus)),
        notes=tuple(_long_recordings(params, corpus)),
    )


def _usage(project: "Project", params: "Params", corpus: "Corpus") -> "Iterator[UsageOfCorpus]":
    from engine.cli.answers.ingest import UsageOfCorpus
    from engine.system_support.usage import Usage, usages

    for recipe, found in usages(corpus.folder.name, project, params, corpus):
        if isinstance(found, Usage):
            yield UsageOfCorpus(
                recipe=recipe,
                found=found.found,
                used=found.used,
                training=found.training,
                evaluation=found.evaluation,
                how="; ".join(filter(None, [found.how, found.later])),
                fault=None,
            )
        else:
            none = dict.fromkeys(("found", "used", "training", "evaluation"))
            yield UsageOfCorpus(recipe=recipe, **none, how="", fault=found)


def _print_report(project: "Project", params: "Params", corpus: "Corpus") -> None:
    from engine.corpus.account.page import PAGE_FILE
    from engine.corpus.account.summary import near_duplicate_lines, quarantine_lines, report_rows
    from engine.system_support.usage import usage_lines
    from engine.terminal.columns import aligned

    bad = corpus.manifest.quarantined
    page = (corpus.folder / PAGE_FILE).relative_to(project.root)
    lines = [*aligned(report_rows(corpus.report)), *quarantine_lines(bad, len(bad))]
    lines += near_duplicate_lines(corpus.report.near_duplicates)
    lines += [f"note: {one}" for one in _long_recordings(params, corpus)]
    lines += [*usage_lines(corpus.folder.name, project, params, corpus), f"page: {page}", ""]
    click.echo("\n".join(lines))


def _long_recordings(params: "Params", corpus: "Corpus") -> "Iterator[str]":
    """A remark where recordings could be cut and are much longer than what recipes take."""
    name, report = corpus.folder.name, corpus.report
    if report.longest_seconds <= _LONG_SECONDS or params.corpus(name).segment != "off":
        return
    clips = corpus.manifest.clips
    number = sum(clip.seconds > _LONG_SECONDS and not clip.text for clip in clips)
    if number:
        which = "recordings are" if number > 1 else "recording is"
        yield (
            f"{number:,} {which} longer than {_LONG_SECONDS:g} s (the longest: "
            f"{report.longest_seconds / 60:.1f} minutes) and not cut. To have that done: "
            f'segment = "silence" and max_seconds = 10 in [corpora.{name}] of params.toml, then '
            f"cantus ingest {name}"
        )
