"""Takes what a layout finds: candidates, and what is quarantined before it is decoded."""

import sqlite3

from engine.corpus.audio.unusable import Reason
from engine.corpus.layouts.candidate import Candidate
from engine.corpus.layouts.database import decode, encode
from engine.corpus.layouts.passed_over import PassedOverTally


class Collector:
    """Writes candidates and quarantined files to the database, each part of a file once.

    `passed_over` counts what is neither.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.passed_over = PassedOverTally()
        self._num_missing = 0

    def add(self, candidate: Candidate, place: str = "") -> None:
        """Enter a candidate, which the table named at `place`.

        The same part of the same file a second time is quarantined.
        """
        words = (candidate.speaker, candidate.language, candidate.text, candidate.label)
        stored = (encode(candidate.id), *(encode(word) for word in words))
        row = (*_key(candidate), *stored, candidate.listed, encode(place))
        added = self._database.execute(
            "INSERT OR IGNORE INTO candidates (path, start_seconds, seconds, channel, wish, "
            "speaker, language, text, label, listed, place) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            row,
        )
        if not added.rowcount:
            self._quarantine_twin(candidate, place)

    def complete(self, candidate: Candidate) -> bool:
        """Add what is not known yet of this part of this file.

        Returns whether that is something, and nothing else that is said of it is lost.
        """
        words = (candidate.speaker, candidate.language, candidate.text, candidate.label)
        said, key = [encode(word) for word in words], _key(candidate)
        query = f"SELECT speaker, language, text, label FROM candidates WHERE {_SAME}"
        known = self._database.execute(query, key).fetchone()
        if known is None:
            return False
        both = [old if old is not None else new for old, new in zip(known, said, strict=True)]
        self._database.execute(
            f"UPDATE candidates SET speaker = ?, language = ?, text = ?, label = ? WHERE {_SAME}",
            (*both, *key),
        )
        is_kept = all(new in (None, kept) for new, kept in zip(said, both, strict=True))
        return is_kept and both != list(known)

    def has(self, candidate: Candidate, *, same_text: bool) -> bool:
        """Whether this part of this file is there, and where asked with the same text."""
        query = f"SELECT text FROM candidates WHERE {_SAME}"
        row = self._database.execute(query, _key(candidate)).fetchone()
        return row is not None and (not same_text or decode(row[0]) == candidate.text)

    def has_file(self, path: str) -> bool:
        """Whether a file, or a part of it, is a candidate or quarantined."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM candidates WHERE path = :path) "
            "OR EXISTS (SELECT 1 FROM missing WHERE path = :path)"
        )
        return bool(self._database.execute(query, {"path": encode(path)}).fetchone()[0])

    def is_named_elsewhere(self, path: str, table: str) -> bool:
        """Whether a row has named this file whose place does not begin with `table`."""
        query = "SELECT place FROM candidates WHERE path = ? LIMIT 1"
        row = self._database.execute(query, (encode(path),)).fetchone()
        return row is not None and not decode(row[0]).startswith(table)

    def has_stem(self, stem: str) -> bool:
        """Whether a candidate's file has this path but for its suffix, and a row has named it."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM files JOIN candidates USING (path) "
            "WHERE files.stem = ? AND candidates.place != x'')"
        )
        return bool(self._database.execute(query, (encode(stem),)).fetchone()[0])

    def quarantine(self, path: str, reason: Reason, detail: str) -> None:
        """Enter a file that cannot be a candidate, and why."""
        self._num_missing += 1
        row = (encode(path), self._num_missing, reason, encode(detail))
        self._database.execute("INSERT INTO missing VALUES (?, ?, ?, ?)", row)

    def mark_read(self, path: str) -> None:
        """Enter a file that says something of the others: a table, a list, a text."""
        self._database.execute("INSERT OR IGNORE INTO read VALUES (?)", (encode(path),))

    def _quarantine_twin(self, candidate: Candidate, place: str) -> None:
        query = f"SELECT place FROM candidates WHERE {_SAME}"
        first = decode(self._database.execute(query, _key(candidate)).fetchone()[0])
        detail = f"{candidate.path}, which {first} names; {place} names it again"
        self.quarantine(candidate.path, "duplicate of", detail)


_SAME = "path = ? AND start_seconds = ? AND seconds = ? AND channel = ?"


def _key(candidate: Candidate) -> tuple[bytes, float, float, int]:
    seconds = -1.0 if candidate.seconds is None else candidate.seconds
    channel = -1 if candidate.channel is None else candidate.channel
    return encode(candidate.path), candidate.start_seconds, seconds, channel
