"""Asterisk's recordings as Debian's packages lay them out, in small trees of the same form."""

import gzip
import hashlib
import shutil
import subprocess

import pytest

from engine.corpus.adopt import adopt
from engine.corpus.licence import read_licence
from engine.errors import UserError
from engine.project import Project
from tests.command_line import PARAMS as WORDS

PARAMS = f"""\
{WORDS}
[tracking]   # mirrors
mirrors = []
"""
COPYRIGHT = """\
Format: http://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Source: http://example.org/sounds/

Files: *
Copyright: 2003, Anna
License: CC-BY-SA-3.0

Files: fr-*
Copyright: 2006,
 June
License: CC-BY-3.0
Comment: translated

Files: debian/*
Copyright: 2010, a packager
License: GPL-2+
"""
VOICES = {"en": "en_US_f_Anna", "fr": "fr_CA_f_June"}
TEXTS = {"en": {"hello": "Hello.", "digits/1": "one"}, "fr": {"hello": "Allô.", "digits/1": "un"}}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A project; DVC's own part is tested with the real one in tests/cli/test_adopt.py."""
    monkeypatch.setattr("engine.corpus.adopt.track", lambda project, name: None)
    root = tmp_path / "checkout"
    (root / ".dvc").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "params.toml").write_text(PARAMS)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return Project(root)


@pytest.fixture
def unpack(tmp_path, tone):
    """unpack("en"): what `dpkg-deb -R` makes of its two packages, a folder each."""

    def make(language, *parts):
        top, voice = tmp_path / "packages", VOICES[language]
        recordings, documents = (f"asterisk-core-sounds-{language}{end}" for end in ("-g722", ""))
        if "recordings" in parts or not parts:
            tree = top / recordings
            sums = []
            for number, name in enumerate(TEXTS[language], start=ord(language[0])):
                inside = f"usr/share/asterisk/sounds/{voice}/{name}.wav"
                content = tone(tree / inside, hz=3.0 * number).read_bytes()
                sums.append(f"{hashlib.md5(content).hexdigest()}  {inside}\n")
            (tree / "DEBIAN").mkdir(exist_ok=True)
            (tree / "DEBIAN" / "md5sums").write_text("".join(sums))
        if "documents" in parts or not parts:
            place = top / documents / "usr/share/doc" / documents
            place.mkdir(parents=True)
            lines = [f"{name}: {text}\n" for name, text in TEXTS[language].items()]
            text = "".join(["; Core Asterisk Sounds\n\n", *lines])
            (place / f"core-sounds-{language}.txt.gz").write_bytes(gzip.compress(text.encode()))
            (place / "copyright").write_text(COPYRIGHT)
        return top

    return make


def merged(top, root):
    """The packages as they lie when they are installed, or unpacked into one folder."""
    for package in top.iterdir():
        shutil.copytree(package / "usr", root / "usr", dirs_exist_ok=True)
    return root


def refused(folder, checkout, sentence):
    with pytest.raises(UserError, match=sentence):
        adopt(folder, "real", checkout, rates=(16_000,))
    assert list((checkout.root / "data").iterdir()) == []
    assert checkout.params.read_text() == PARAMS


def test_packages_of_two_voices_become_one_corpus_with_texts_and_licence(unpack, checkout):
    unpack("en")
    top = unpack("fr")
    listing = adopt(top, "real", checkout, rates=(16_000, 22_050))
    data = checkout.root / "data" / "real"
    assert (listing.layout, listing.num_candidates, listing.num_missing) == ("asterisk", 4, 0)
    assert sorted(path.relative_to(data).as_posix() for path in data.rglob("*.txt")) == [
        "en_US_f_Anna/core-sounds-en.txt",
        "fr_CA_f_June/core-sounds-fr.txt",
    ]
    licence = read_licence(data)
    assert licence is not None
    assert licence.licence == "CC-BY-SA-3.0 AND CC-BY-3.0"
    assert "2003, Anna (en); 2006, June (fr)" in licence.attribution
    assert "asterisk-core-sounds-fr, of http://example.org/sounds/" in licence.source


@pytest.mark.parametrize("end", ["", "usr/share/asterisk/sounds", "usr/share/asterisk/sounds/link"])
def test_installed_the_documents_are_found_beside(unpack, checkout, tmp_path, end):
    root = merged(unpack("en"), tmp_path / "root")
    if end.endswith("link"):
        (root / end).symlink_to(VOICES["en"])
    listing = adopt(root / end, "real", checkout, rates=(16_000,))
    assert (listing.layout, listing.num_candidates) == ("asterisk", 2)
    assert (checkout.root / "data/real/en_US_f_Anna/digits/1.wav").is_file()


def test_a_corpus_that_is_new_gets_its_table_in_params(unpack, checkout):
    adopt(unpack("en"), "real", checkout, rates=(16_000, 22_050), at_most_bad=0.02)
    table = (
        '[corpora.real]\nsource = "data/real"\nsample_rates_hz = [16000, 22050]\n'
        "at_most_bad = 0.02\n\n[tracking]   # mirrors\n"
    )
    assert table in checkout.params.read_text()


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("real", {}, r"no \[corpora.real\] \(there are: words\).*--rates 16000,22050"),
        ("a b", {"rates": (16_000,)}, "--as a b: the name of a corpus must be a word"),
        (
            "real",
            {"rates": (16,)},
            r"\[corpora.real\] of params.toml is not valid: sample_rates_hz",
        ),
        ("words", {"at_most_bad": 2.0}, r"\[corpora.words\] .* is not valid: at_most_bad"),
    ],
)
def test_what_params_could_not_hold_is_refused(unpack, checkout, name, settings, said):
    with pytest.raises(UserError, match=said):
        adopt(unpack("en"), name, checkout, **settings)
    assert checkout.params.read_text() == PARAMS


def test_recordings_without_their_documents_are_refused_with_the_package(unpack, checkout):
    top = unpack("en", "recordings")
    refused(top, checkout, "what they say is missing: core-sounds-en.txt.*asterisk-core-sounds-en ")


def test_documents_without_their_recordings_are_refused_with_the_package(unpack, checkout):
    unpack("en")
    refused(unpack("fr", "documents"), checkout, "Unpack the package asterisk-core-sounds-fr-g722")


@pytest.mark.parametrize("what", ["cut", "gone"])
def test_a_recording_that_is_not_what_the_package_held_is_named(unpack, checkout, what):
    top = unpack("en")
    (path,) = top.rglob("digits/1.wav")
    path.write_bytes(path.read_bytes()[:1_000])
    if what == "gone":
        path.unlink()
    refused(top, checkout, "1 recordings are missing, cut short or changed.*md5sums: digits/1.wav")


def test_transcripts_that_cannot_be_unpacked_are_named(unpack, checkout):
    top = unpack("en")
    (path,) = top.rglob("*.txt.gz")
    path.write_bytes(path.read_bytes()[:-9])
    refused(top, checkout, r"core-sounds-en.txt.gz cannot be unpacked .*Unpack its package again")


def test_a_copyright_that_does_not_say_the_licence_is_named(unpack, checkout):
    top = unpack("en")
    (path,) = top.rglob("copyright")
    path.write_text("Files: it-*\nLicense: CC0\n")
    refused(top, checkout, "copyright does not say under which licence the recordings of en are")


def test_music_on_hold_beside_the_voices_is_copied_and_counted(unpack, checkout, tmp_path, tone):
    root = merged(unpack("en"), tmp_path / "root")
    tone(root / "usr/share/asterisk/moh/calm.wav")
    listing = adopt(root / "usr/share/asterisk", "real", checkout, rates=(16_000,))
    counted = {one.what: one.examples for one in listing.passed_over}
    assert counted["audio files that no row names"] == ("moh/calm.wav",)


def test_other_folders_are_left_as_they_are(checkout, tmp_path, tone):
    tone(tmp_path / "mine" / "en_US_f_Anna" / "a.wav")
    assert adopt(tmp_path / "mine", "words", checkout).layout == "folder"
    assert read_licence(checkout.root / "data" / "words") is None
