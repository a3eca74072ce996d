"""However a table is written, its cells come out as they were put in."""

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from engine.corpus.layouts import list_files

QUOTINGS = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL, "words": csv.QUOTE_NONNUMERIC}
ROLES = ("file", "text", "speaker", "language")
HEADS = {
    "file": ["path", "File Name", "audio_file", "wav", "filename"],
    "text": ["text", "Transcript", "sentence", "raw_transcription"],
    "speaker": ["speaker", "Speaker-ID", "spk", "client_id"],
    "language": ["lang", "locale", "Language"],
}
word = some.text(some.sampled_from("abcdeéűאה字\";|,'\t -.!"), min_size=1, max_size=6)
sentences = some.lists(word, min_size=3, max_size=8).map(lambda words: " ".join(words).strip())


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    delimiter=some.sampled_from("|\t,;"),
    quoting=some.sampled_from(sorted(QUOTINGS)),
    encoding=some.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    line_end=some.sampled_from(["\n", "\r\n"]),
    order=some.permutations(ROLES),
    names=some.fixed_dictionaries({role: some.sampled_from(HEADS[role]) for role in ROLES}),
    texts=some.lists(sentences, min_size=1, max_size=5),
)
def test_what_the_csv_module_writes_is_read(
    delimiter, quoting, encoding, line_end, order, names, texts
):
    rows = [
        {"file": f"{number}.wav", "text": text, "speaker": "anna", "language": "hu"}
        for number, text in enumerate(texts)
    ]
    table = io.StringIO()
    writer = csv.writer(
        table, delimiter=delimiter, quoting=QUOTINGS[quoting], lineterminator=line_end
    )
    writer.writerow([names[role] for role in order])
    writer.writerows([[row[role] for role in order] for row in rows])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "mine")
        folder.mkdir()
        for row in rows:
            (folder / row["file"]).write_bytes(b"RIFF")
        (folder / "any.txt").write_bytes(table.getvalue().encode(encoding))
        listing = list_files(folder, Path(place, "scratch"))
        found = [(one.path, one.text, one.speaker, one.language) for one in listing.candidates()]
    assert found == [(row["file"], row["text"].strip() or None, "anna", "hu") for row in rows]
