import pytest

from engine.corpus import ingest
from engine.corpus.explain import explain_clip, report_rows
from engine.errors import UserError


@pytest.fixture
def corpus(project, source, tone):
    folder = project.root / "data" / "words"
    tone(folder / "anna" / "yes.wav")
    tone(folder / "ben" / "yes.wav", hz=500, level=1.5, subtype="FLOAT")
    tone(folder / "ben" / "quiet.wav", level=0.0005)
    chosen = source(at_most_bad=0.5, speakers="folder")
    return ingest("words", chosen, project, num_workers=1)


def test_a_used_clip_is_explained(corpus):
    said = explain_clip(corpus.folder, "anna/yes")
    assert said.startswith("anna/yes.wav is used as anna/yes: 0.500 s at 16000 Hz, 1 channels")
    assert "speaker anna" in said


@pytest.mark.parametrize("name", ["ben/quiet.wav", "quiet.wav", "data/words/ben/quiet.wav"])
def test_a_quarantined_file_is_explained_by_any_end_of_its_path(corpus, name):
    said = explain_clip(corpus.folder, name)
    assert said.startswith("ben/quiet.wav is quarantined, silent: peak -66 dBFS")


def test_an_ambiguous_name_lists_the_files(corpus):
    with pytest.raises(UserError, match=r"any of 2 files: anna/yes.wav, ben/yes.wav"):
        explain_clip(corpus.folder, "yes.wav")


def test_an_unknown_name_gives_the_nearest(corpus):
    with pytest.raises(UserError, match=r"no file 'anna/yess.wav'. Nearest: anna/yes.wav"):
        explain_clip(corpus.folder, "anna/yess.wav")


def test_a_report_says_what_was_found_used_and_quarantined(corpus):
    rows = dict(report_rows(corpus.report))
    assert rows["used"] == "2 of 3 files found"
    assert rows["quarantined"] == "silent 1"
    assert rows["speakers"] == "2"
    assert rows["recorded at"] == "16000 Hz 2"
    assert rows["beyond full scale"] == "1 clips, whose samples are clipped to it"
