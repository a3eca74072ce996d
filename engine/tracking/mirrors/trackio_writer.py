"""One run in Trackio: rows of its SQLite file, which its pages read."""

import shutil
import sqlite3
import time
import zlib
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.files.safe_names import file_name
from engine.tracking.mirrors.curves import Figure, Place
from engine.tracking.mirrors.event_writer import title_of
from engine.tracking.mirrors.place import MirrorPlace
from engine.tracking.mirrors.state import LAYOUT, MirrorState
from engine.tracking.mirrors.tracked_run import TOTAL_STEPS
from engine.tracking.mirrors.trackio_here import PROJECT, keep_trackio_here

_TYPES = {"audio": "trackio.audio", "image": "trackio.image"}
_LEVELS = {"guard": "error", "warning": "warn"}


def open_trackio_run(
    place: MirrorPlace, key: str, about: Mapping[str, Any], state: MirrorState | None
) -> tuple["TrackioRun", bool]:
    """The run in Trackio's folder, and whether it is new there.

    A run that was written in an older layout is deleted and made again.
    """
    keep_trackio_here(Path(place.place))
    run = TrackioRun(key, title_of(about))
    if run.is_there and state is not None and state.layout == LAYOUT:
        return run, False
    run.delete()
    return run, True


class TrackioRun:
    """One run in Trackio. A row has a name, so that it stays one row when written again."""

    def __init__(self, key: str, title: str) -> None:
        from trackio.sqlite_storage import SQLiteStorage
        from trackio.utils import MEDIA_DIR

        self._storage, self._media = SQLiteStorage, Path(MEDIA_DIR)
        self._key, self._title = key, title
        self._about: dict[str, Any] = {}
        self._rows: list[tuple[Place, dict[str, Any], str]] = []
        self._words: list[tuple[Place, str, str, str]] = []
        self._database = Path(SQLiteStorage.init_db(PROJECT))

    @property
    def run_hash(self) -> str:
        """Trackio's name of the run."""
        return self._key

    @property
    def is_there(self) -> bool:
        """Whether Trackio holds something of the run."""
        return self._storage.get_last_step(PROJECT, self._title, run_id=self._key) is not None

    def delete(self) -> None:
        """Delete the run from Trackio."""
        self._storage.delete_run(PROJECT, self._title, run_id=self._key)

    def describe(self, about: Mapping[str, Any]) -> None:
        """Set parameters of the run."""
        self._about |= about

    def track(self, figures: Mapping[Figure, float], place: Place) -> None:
        """Add a row of figures."""
        row = {figure.path: value for figure, value in figures.items()}
        self._add(place, {**row, TOTAL_STEPS: place.total}, *sorted(row))

    def say(self, kind: str, about: str, words: str, place: Place) -> None:
        """Add words, as an alert of Trackio."""
        name = self._row_name(place, kind, about)
        self._words.append((place, f"{kind}: {words}", _LEVELS[kind], name))

    def show(self, path: Path, sample: Mapping[str, Any], place: Place) -> None:
        """Add a sample's sound or picture, of which Trackio keeps a copy."""
        kind, name = sample["kind"], sample["name"]
        unique = (
            f"{file_name(name)}-{_digest(name)}{path.suffix}"  # different names may become equal
        )
        inside = Path(PROJECT, self._key, str(place.step), unique)
        target = self._media / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        media = {
            "_type": _TYPES[kind],
            "file_path": str(inside),
            "caption": sample.get("caption", ""),
        }
        title = f"{name} (picture)" if kind == "image" else name
        self._add(place, {f"sample/{title}": media, TOTAL_STEPS: place.total}, kind, name)

    def forget_after(self, step: int) -> None:
        """Delete the rows of later steps."""
        self.flush()
        with closing(sqlite3.connect(self._database, timeout=30)) as base, base:
            for table in ("metrics", "alerts"):
                base.execute(
                    f"DELETE FROM {table} WHERE run_id = ? AND step > ?", (self._key, step)
                )

    def flush(self) -> None:
        """Write the rows that are not yet in the file, and the parameters."""
        # Parameters are stored with rows: without any, with an empty one, always the same.
        rows = self._rows or [(Place(0, 0, 0.0, time.time()), {}, f"{self._key}-about")]
        self._storage.bulk_log(
            PROJECT,
            self._title,
            [row for _, row, _ in rows],
            steps=[place.step for place, _, _ in rows],
            timestamps=[_moment(place) for place, _, _ in rows],
            config=self._about,
            log_ids=[name for *_, name in rows],
            run_id=self._key,
        )
        if self._words:
            self._storage.bulk_alert(
                PROJECT,
                self._title,
                titles=[title for _, title, *_ in self._words],
                texts=[None] * len(self._words),
                levels=[level for *_, level, _ in self._words],
                steps=[place.step for place, *_ in self._words],
                timestamps=[_moment(place) for place, *_ in self._words],
                alert_ids=[name for *_, name in self._words],
                run_id=self._key,
            )
        self._rows, self._words = [], []

    def close(self) -> None:
        """Do nothing: runs in Trackio have no end."""

    def _add(self, place: Place, row: dict[str, Any], *names: str) -> None:
        self._rows.append((place, row, self._row_name(place, *names)))

    def _row_name(self, place: Place, *names: str) -> str:
        return f"{self._key}-{place.step}-{place.time:.3f}-{_digest(*names)}"


def _digest(*names: str) -> str:
    return f"{zlib.crc32(chr(10).join(names).encode('utf-8', 'surrogatepass')):08x}"


def _moment(place: Place) -> str:
    return datetime.fromtimestamp(place.time, UTC).isoformat()
