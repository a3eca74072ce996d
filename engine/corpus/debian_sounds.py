"""Asterisk's recordings as Debian packs them: gathered with their transcripts and their licence.

The packages asterisk-core-sounds-LANGUAGE-ENCODING hold a folder of recordings for each voice,
asterisk-core-sounds-LANGUAGE the transcripts and the licence, among the documents.
"""

import gzip
import hashlib
import re
import shutil
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from engine.corpus.audio.suffixes import AUDIO_SUFFIXES
from engine.corpus.debian_licence import licence_of
from engine.corpus.layouts.asterisk import TABLE, VOICE
from engine.corpus.licence import write_licence
from engine.errors import UserError

_PACKAGE = "asterisk-core-sounds"
_RECORDINGS = re.compile(r"(.*/sounds/[a-z]{2,3}_[A-Z]{2}_[fm]_\w+)/")
_SUMS = ("DEBIAN/md5sums", f"var/lib/dpkg/info/{_PACKAGE}-*.md5sums")
_SHOWN = 3


@frozen(kw_only=True)
class Voice:
    """A folder of one voice's recordings, and the documents about it."""

    recordings: Path
    transcripts: Path
    """Gzipped, or not."""
    copyright: Path


def find_voices(folder: Path, inside: Sequence[str]) -> list[Voice]:
    """The voices in `folder`, which holds the files `inside`.

    It may be a voice's own folder, as installed, or have unpacked packages in it; nothing is found
    in any other. Raises UserError where transcripts or recordings are missing, or recordings are
    not what their package's own checksums say.
    """
    root = folder.resolve()  # as installed, `en` may be a link to en_US_f_Allison
    matches = (_RECORDINGS.match(f"{root}/{path}") for path in inside)
    recordings = [Path(path) for path in sorted({match[1] for match in matches if match})]
    transcripts = [root / path for path in inside if TABLE.search(path.removesuffix(".gz"))]
    _require_recordings(recordings, transcripts)
    voices = [_with_documents(one, transcripts) for one in recordings]
    for one in recordings:
        _check_sums(one)
    return voices


def gather(voices: Sequence[Voice], folder: Path, inside: Sequence[str], target: Path) -> None:
    """Copy the voices to `target`, a folder each, with transcripts and licence.

    Other audio of `folder` (music on hold) is copied as well, so that it is counted. Raises
    UserError where transcripts cannot be unpacked, or no licence is found.
    """
    root = folder.resolve()
    for path in inside:
        voices_own = _RECORDINGS.match(f"{root}/{path}")
        if voices_own or Path(path).suffix.lower() in AUDIO_SUFFIXES:
            above = Path(voices_own[1]).parent if voices_own else root
            place = target / (root / path).relative_to(above)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / path, place)
    for voice in voices:
        place = target / voice.recordings.name
        name = voice.transcripts.name.removesuffix(".gz")
        (place / name).write_bytes(_unpacked(voice.transcripts))
        shutil.copyfile(voice.copyright, place / "copyright")
    licence = licence_of({_language(one.recordings): one.copyright for one in voices})
    write_licence(licence, target)


def _language(recordings: Path) -> str:
    named = VOICE.match(recordings.name)
    assert named is not None, "a voice's folder is known by its name"
    return named[1]


def _require_recordings(recordings: Sequence[Path], transcripts: Sequence[Path]) -> None:
    languages = {_language(one) for one in recordings}
    for path in transcripts:
        named = TABLE.search(path.name.removesuffix(".gz"))
        if named and path.parent.name.startswith(_PACKAGE) and named[1] not in languages:
            raise UserError(
                f"{path} holds transcripts, and their recordings are missing. Unpack the package "
                f"{_PACKAGE}-{named[1]}-g722 into the same folder."
            )


def _with_documents(recordings: Path, transcripts: Sequence[Path]) -> Voice:
    language = _language(recordings)
    package = f"{_PACKAGE}-{language}"
    documents = _above(recordings, "usr/share/asterisk/sounds/VOICE") / "usr/share/doc"
    installed = sorted(documents.glob(f"{package}*/core-sounds-{language}.txt*"))
    for path in (*transcripts, *installed):
        licence = path.with_name("copyright")
        if path.name.startswith(f"core-sounds-{language}.") and licence.is_file():
            return Voice(recordings=recordings, transcripts=path, copyright=licence)
    raise UserError(
        f"{recordings} holds recordings, and what they say is missing: core-sounds-{language}.txt "
        f"and the file copyright beside it, which the package {package} puts into "
        f"{documents / package}. Where it is not installed, or was without its documents, unpack "
        f"it: 'apt-get download {package}', 'dpkg -x {package}_*.deb FOLDER', with the package of "
        "the recordings in the same FOLDER, and take in FOLDER."
    )


def _check_sums(recordings: Path) -> None:
    """Hold the recordings against the checksums of the package, where these are there."""
    root = _above(recordings, "usr/share/asterisk/sounds/VOICE")
    for sums in (path for pattern in _SUMS for path in sorted(root.glob(pattern))):
        wrong = list(_wrong(sums, root, f"/{recordings.name}/"))
        if wrong:
            more = ", ..." if len(wrong) > _SHOWN else ""
            raise UserError(
                f"{len(wrong):,} recordings are missing, cut short or changed, by their package's "
                f"own checksums in {sums}: {', '.join(wrong[:_SHOWN])}{more}. Unpack or install "
                "the package again."
            )


def _wrong(sums: Path, root: Path, part: str) -> Iterator[str]:
    """Files whose path has this part and that are not as the sums say, by their names."""
    for line in sums.read_text(encoding="utf-8", errors="replace").splitlines():
        expected, _, name = line.partition("  ")
        path = root / name
        if part in f"/{name}" and not (
            path.is_file()
            and hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == expected
        ):
            yield name.partition(part)[2]


def _above(path: Path, end: str) -> Path:
    """The folder that so many folders above lie in, or the uppermost there is."""
    return path.parents[min(end.count("/"), len(path.parents) - 1)]


def _unpacked(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(
            f"{path} cannot be unpacked ({error}). Unpack its package again."
        ) from error
