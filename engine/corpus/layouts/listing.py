"""All files of a folder, as one layout reads it."""

from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from engine.corpus.layouts.candidate import Candidate
from engine.corpus.layouts.database import decode, reading
from engine.corpus.layouts.passed_over import PassedOver
from engine.corpus.table.manifest import Quarantined


@frozen(kw_only=True)
class Listing:
    """The files found, read from `database` on demand: it lives as long as that file."""

    layout: str
    columns: str = ""
    """What the columns of its tables are taken to be that have no names: "file, speaker, text"."""
    num_candidates: int
    num_missing: int = 0
    passed_over: tuple[PassedOver, ...] = ()
    """Entries that are not used though they are sound: files of other kinds, hidden files, audio
    that no row of a table names, columns of a table."""
    database: Path

    @property
    def described(self) -> str:
        """The layout, and how columns without names are understood."""
        understood = f"; its columns, by what they hold: {self.columns}" if self.columns else ""
        return self.layout + understood

    def candidates(self) -> Iterator[Candidate]:
        """Sorted by (path, start), paths by their bytes."""
        query = (
            "SELECT path, id, start_seconds, nullif(seconds, -1), nullif(channel, -1), speaker, "
            "language, text, label, listed FROM candidates "
            "ORDER BY path, start_seconds, seconds, channel"
        )
        with reading(self.database) as database:
            for path, name, start, seconds, channel, *facts, listed in database.execute(query):
                speaker, language, text, label = map(decode, facts)
                yield Candidate(
                    path=decode(path),
                    id=decode(name),
                    start_seconds=start,
                    seconds=seconds,
                    channel=channel,
                    speaker=speaker,
                    language=language,
                    text=text,
                    label=label,
                    listed=listed,
                )

    def tables(self) -> Iterator[str]:
        """Tables, lists and texts that say what the files are, by their paths, sorted."""
        with reading(self.database) as database:
            for (path,) in database.execute("SELECT path FROM read ORDER BY path"):
                yield decode(path)

    def missing(self) -> Iterator[Quarantined]:
        """What cannot be a candidate, sorted by path: rows without a file, unreadable files."""
        query = "SELECT path, reason, detail FROM missing ORDER BY path, number"
        with reading(self.database) as database:
            for path, reason, detail in database.execute(query):
                yield Quarantined(path=decode(path), reason=reason, detail=decode(detail))

    def refused_rows(self) -> Iterator[Quarantined]:
        """The refused entries that a table names; the others are files that cannot be opened."""
        query = """SELECT path, reason, detail FROM missing WHERE NOT EXISTS (SELECT 1 FROM files
            WHERE files.path = missing.path AND kind = 'unreadable') ORDER BY path, number"""
        with reading(self.database) as database:
            for path, reason, detail in database.execute(query):
                yield Quarantined(path=decode(path), reason=reason, detail=decode(detail))
