"""Counts the files that are no clips and no fault, by what they are."""

from pathlib import Path, PurePosixPath

from engine.corpus.layouts.claims import is_hidden
from engine.corpus.layouts.files import Files, Kind
from engine.corpus.layouts.passed_over import PassedOverTally

_ARCHIVES = (".zip", ".tar", ".tgz", ".tbz", ".txz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")
_TEXT_THAT_MAY_BE_PACKED = (".json.gz", ".jsonl.gz", ".csv.gz", ".tsv.gz", ".txt.gz")

_TO_DO = {
    "archives": "Unpack them (unzip, tar -xf) and take in the folder that comes out",
    ".arrow files": (
        "Save the data set as Parquet: datasets.load_from_disk(FOLDER).to_parquet('clips.parquet'),"
        " for each of its splits"
    ),
    ".parquet files": "'cantus adopt FOLDER' unpacks them: take the folder in with that",
    "files of samples without a header": (
        "Give them one: ffmpeg -f s16le -ar RATE -ac CHANNELS -i FILE FILE.wav"
    ),
    "links to folders, which are not followed": "Put the folder in the link's place",
}
_WITHOUT_HEADER = frozenset([".pcm", ".raw"])


def count_others(files: Files, tally: PassedOverTally) -> None:
    """Count each file that became no clip and was not read, unless it has been counted already."""
    for path, kind in files.others():
        if path not in tally.files:
            what = _what(files.folder / path, path, kind)
            tally.add(what, path, to_do=_TO_DO.get(what, ""))


def _what(path: Path, inside: str, kind: Kind) -> str:
    if is_hidden(inside):
        return "hidden files"
    if kind == "never opened":
        is_link = path.is_symlink() and path.is_dir()
        return "links to folders, which are not followed" if is_link else "pipes and devices"
    if kind == "audio":
        return "audio files that no row names"
    return _by_suffix(PurePosixPath(inside.lower()))


def _by_suffix(path: PurePosixPath) -> str:
    if path.name.endswith(_ARCHIVES) and not path.name.endswith(_TEXT_THAT_MAY_BE_PACKED):
        return "archives"
    if path.suffix in _WITHOUT_HEADER:
        return "files of samples without a header"
    return f"{path.suffix} files" if path.suffix else "files without a suffix"
