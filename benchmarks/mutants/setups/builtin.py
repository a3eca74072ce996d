"""Audio of the built-in corpora: synthesized once, and then a part of it copied."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from engine.corpus.builtin.synthesize import synthesize

_PROMPTS = Path(__file__).parents[3] / "data" / "builtin"
_MADE = Path(tempfile.gettempdir()) / "cantus-mutants-audio"
"""Where the audio is kept from campaign to campaign."""


def builtin_audio(corpus: str) -> Path:
    """The folder of a built-in corpus, made where it is missing: half a minute."""
    folder = _MADE / corpus
    if not folder.is_dir():
        _MADE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=_MADE
        ) as beside:  # several campaigns may begin at once
            synthesize(corpus, _PROMPTS, Path(beside) / corpus)
            if not folder.is_dir():
                (Path(beside) / corpus).rename(folder)
    return folder


def part_of(corpus: str, wanted: Callable[[str], bool]) -> Callable[[Path], None]:
    """Writes the files of a built-in corpus whose path `wanted` accepts, with their tables."""

    def write(folder: Path) -> None:
        source = builtin_audio(corpus)
        for path in sorted(source.rglob("*.wav")):
            place = path.relative_to(source)
            if wanted(place.as_posix()):
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, folder / place)
        for table in (*source.glob("*.txt"), *source.glob("*.csv")):
            _copy_rows(table, folder / table.name, folder)

    return write


def _copy_rows(table: Path, copy: Path, folder: Path) -> None:
    """The rows of a table or list whose file is there, and the heading of a table."""
    first, *rest = table.read_text("utf-8").splitlines()
    heading = [first] if table.suffix == ".csv" else []
    rows = rest if heading else [first, *rest]
    kept = [row for row in rows if (folder / row.split("|")[0]).is_file()]
    copy.write_text("\n".join([*heading, *kept]) + "\n", encoding="utf-8")
