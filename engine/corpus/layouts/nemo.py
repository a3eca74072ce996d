"""NeMo manifests: a JSON object a line, `audio_filepath` naming the file.

`offset` and `duration` cut a part out of a file; `duration` alone is the file's own length, and
cuts nothing. Paths are relative to the manifest's folder or the corpus folder.
"""

from collections.abc import Iterator

from engine.corpus.layouts.facts import BadNumberError, Facts
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.json_objects import read_objects
from engine.corpus.layouts.rows import Row, Table


def nemo_rows(files: Files, table: Table) -> Iterator[Row]:
    """What the lines of one manifest say. Raises UserError where one cannot be read."""
    for number, value in read_objects(files.folder / table.path):
        yield _row(Facts(value, f"{table.path} line {number}"), table)


def _row(facts: Facts, table: Table) -> Row:
    start, seconds, bad_number = 0.0, None, None
    try:
        offset, duration = facts.seconds("offset"), facts.seconds("duration")
        if offset is not None:
            start, seconds = offset, duration
    except BadNumberError as error:
        bad_number = str(error)
    return Row(
        place=facts.place,
        name=facts.words("audio_filepath") or "",
        bad_number=bad_number,
        start_seconds=start,
        seconds=seconds,
        text=facts.words("text_normalized", "normalized_text", "text"),
        speaker=facts.words("speaker", "speaker_id", "speaker_name"),
        language=facts.words("lang", "language", "source_lang"),
        label=facts.words("label", "command"),
        listed=table.listed,
    )
