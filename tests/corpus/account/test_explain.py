import attrs
import pytest

from engine.corpus.account.explain import explain_clip
from engine.corpus.account.reasons import MEANINGS
from engine.corpus.table.manifest import Clip, Manifest, Quarantined, write_manifest
from engine.errors import UserError

CLIP = Clip(
    id="anna/yes",
    path="anna/yes.wav",
    sha256="a" * 64,
    num_frames=8_000,
    sample_rate_hz=16_000,
    num_channels=1,
    peak=0.5,
    rms_dbfs=-9.03,
    clipped_share=0.0025,
    silent_share=0.4,
    speaker="anna",
    text="Igen, igen.",
)


def clip(path, **facts):
    return attrs.evolve(CLIP, **({"path": path, "id": path.rpartition(".")[0]} | facts))


def bad(path, reason="silent", detail="peak -66 dBFS, below -60 dBFS"):
    return Quarantined(path=path, reason=reason, detail=detail)


CLIPS = (
    CLIP,
    clip("ben/yes.wav", speaker="ben"),
    clip("long.flac", id="long_00000000"),
    clip("long.flac", id="long_00000500", start_seconds=0.5),
    clip("yes.wav", id="yes"),
)
BAD = (bad("7.wav", "empty", "the file holds no samples"), bad("ben/quiet.wav"))


@pytest.fixture
def explain(tmp_path):
    """Explains a name of a corpus whose tables hold these rows."""

    def explain(name, clips=CLIPS, quarantined=BAD):
        folder = tmp_path / "words"
        folder.mkdir(exist_ok=True)
        write_manifest(Manifest(clips=clips, quarantined=quarantined), folder)
        return explain_clip(folder, name)

    return explain


@pytest.mark.parametrize("name", ["anna/yes", "anna/yes.wav", "data/words/anna/yes.wav"])
def test_a_used_clip_is_explained_with_all_that_is_known(explain, name):
    said = explain(name).splitlines()
    assert said[0] == "anna/yes.wav is used as anna/yes"
    facts = dict(line.split(maxsplit=1) for line in said[1:])
    assert facts == {
        "length": "0.500 s: 8,000 frames at 16,000 Hz",
        "channels": "1 channel",
        "peak": "-6.0 dBFS",
        "level": "-9.0 dBFS, root mean square",
        "clipping": "0.2500% of its samples at or beyond full scale",
        "silence": "40% of its 20 ms frames below -50 dBFS",
        "decoder": "libsndfile",
        "speaker": "anna",
        "text": "Igen, igen.",
        "pace": "16.0 letters and digits a second",
        "audio": f"SHA-256 {'a' * 64}",
    }


@pytest.mark.parametrize("name", ["ben/quiet.wav", "ben/quiet", "quiet.wav", "a/b/ben/quiet.wav"])
def test_a_quarantined_file_is_explained_by_any_end_of_its_path(explain, name):
    said = explain(name)
    assert said.startswith("ben/quiet.wav is quarantined, silent: peak -66 dBFS, below -60 dBFS\n")
    assert MEANINGS["silent"].what in said
    assert MEANINGS["silent"].to_do in said
    assert "corpora.words.at_most_bad" in said
    assert "cantus ingest words" in said
    assert "2 of quarantine.jsonl" in said


def test_the_limit_that_decided_is_named(explain):
    said = explain("a.wav", quarantined=[bad("a.wav", "too short", "0.050 s, at least 0.1 s")])
    assert "corpora.words.min_seconds in params.toml" in said


def test_a_number_is_that_of_a_quarantined_file(explain):
    assert explain("2") == explain("ben/quiet.wav")


def test_a_file_that_is_so_named_goes_before_a_number(explain):
    rows = [bad("2.wav"), bad("b.wav")]
    assert explain("2", quarantined=rows).startswith("2.wav ")


def test_a_whole_path_goes_before_the_ends_of_others(explain):
    assert explain("yes.wav").startswith("yes.wav is used as yes")


def test_several_clips_of_one_file_are_listed(explain):
    said = explain("long.flac", quarantined=[bad("long.flac", "too short", "0.05 s")])
    assert said.splitlines() == [
        "long.flac became 3 clips or quarantined parts",
        "  long_00000000: from 0.000 s, 0.500 s long",
        "  long_00000500: from 0.500 s, 0.500 s long",
        "  quarantined, too short: 0.05 s (row 1 of quarantine.jsonl)",
    ]
    assert "0.500 s into its file" in explain("long_00000500")


def test_an_ambiguous_name_lists_the_files(explain):
    with pytest.raises(UserError, match=r"any of 2 files: a/no.wav, b/no.wav. Give the whole path"):
        explain("no.wav", clips=[clip("a/no.wav"), clip("b/no.wav")])


def test_an_unknown_name_gives_the_nearest(explain):
    with pytest.raises(UserError, match=r"no file 'anna/yess.wav'. Nearest: anna/yes.wav, "):
        explain("anna/yess.wav")


@pytest.mark.parametrize(
    "name", ["", "/", ".", "0", "99", "9" * 5_000, "\x00", "\ud800", "é" * 300]
)
def test_a_name_that_is_none_is_an_error_in_words(explain, name):
    with pytest.raises(UserError, match="has no file"):
        explain(name)


def test_names_with_quotes_backslashes_and_odd_bytes_are_found(explain):
    odd = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    rows = [bad('say "a\\b".wav'), bad(odd)]
    assert explain('say "a\\b".wav', quarantined=rows).startswith('say "a\\b".wav is quarantined')
    assert explain(odd, quarantined=rows).startswith("caf\\xe9.wav is quarantined")


def test_what_hides_in_names_and_texts_is_shown_as_escapes(explain):
    said = explain("evil\u202e.wav", clips=[clip("evil\u202e.wav", text="\x1b[2Ja", label="\n")])
    assert said.startswith("evil\\u202e.wav is used as evil\\u202e\n")
    assert "\\x1b[2Ja" in said
    with pytest.raises(UserError, match=r"no file '\\x1b\[2J'"):
        explain("\x1b[2J")


def test_a_corpus_that_is_not_there_names_the_command(tmp_path):
    with pytest.raises(UserError, match="Run 'cantus ingest'"):
        explain_clip(tmp_path / "words", "a")
