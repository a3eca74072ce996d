import subprocess
import sys

import numpy as np
import pytest
import soundfile


def tone(path, hz):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * hz * np.arange(8_000) / 16_000), 16_000)


@pytest.fixture
def words(project):
    """The corpus 'words' is a folder of the user's, with a bad file in it."""
    folder = project / "data" / "words"
    for number in range(3):
        tone(folder / f"{number}.wav", 300 + 100 * number)
    (folder / "bad.wav").write_text("text")
    params = project / "params.toml"
    text = params.read_text().replace('source = "builtin"', 'source = "data/words"')
    params.write_text(text + "at_most_bad = 0.5\n")
    return folder


def test_a_corpus_is_made_and_its_report_printed(words, cantus, project):
    answer = cantus("ingest", "words")
    assert answer.code == 0, answer.error
    assert "3 of 4 files and parts found" in answer.out
    assert "unreadable 1" in answer.out
    assert "   1  bad.wav  unreadable: " in answer.out
    assert "page: build/corpus/words/report.html" in answer.out
    assert (project / "build" / "corpus" / "words" / "report.html").is_file()
    assert (project / "build" / "corpus" / "words" / "manifest.jsonl").is_file()


def test_all_makes_every_corpus_of_params(words, cantus, project):
    params = project / "params.toml"
    params.write_text(
        params.read_text() + '[corpora.again]\nsource = "data/words"\nsample_rates_hz = [8_000]\n'
        "at_most_bad = 0.5\n"
    )
    assert cantus("ingest", "--all").code == 0
    made = {path.name for path in (project / "build" / "corpus").iterdir()}
    assert made == {"words", "again"}


def test_explain_says_what_became_of_a_file(words, cantus):
    cantus("ingest", "words")
    assert "bad.wav is quarantined, unreadable" in cantus("ingest", "words", "--explain", "bad").out
    assert "1.wav is used as 1" in cantus("ingest", "words", "--explain", "1").out


def test_explain_takes_the_number_that_the_report_gives(words, cantus):
    (words / "1.wav").unlink()
    cantus("ingest", "words")
    assert cantus("ingest", "words", "--explain", "1").out.startswith("bad.wav is quarantined")


def test_explain_of_nothing_is_an_error_in_words(words, cantus):
    cantus("ingest", "words")
    answer = cantus("ingest", "words", "--explain", "")
    assert (answer.code, answer.out) == (2, "")
    assert "has no file ''" in answer.error


def test_explain_before_ingest_says_what_to_run(words, cantus):
    answer = cantus("ingest", "words", "--explain", "bad.wav")
    assert answer.code == 2
    assert "Run 'cantus ingest" in answer.error


def test_an_unknown_corpus_gives_the_nearest_name(words, cantus):
    answer = cantus("ingest", "word")
    assert answer.code == 2
    assert "words" in answer.error
    assert "Traceback" not in answer.error


@pytest.mark.parametrize(
    "words_given", [(), ("words", "--all"), ("--all", "--explain", "a"), ("--explain", "a")]
)
def test_a_name_or_all_is_asked_for(words, cantus, words_given):
    answer = cantus("ingest", *words_given)
    assert answer.code == 2
    assert "NAME of one corpus, or --all" in answer.error


def test_too_many_bad_files_leave_with_2_and_write_nothing(words, cantus, project):
    for number in range(9):
        (words / f"bad{number}.wav").write_text("text")
    answer = cantus("ingest", "words")
    assert answer.code == 2
    assert "10 of the 13 files" in answer.error
    assert list((project / "build" / "corpus").iterdir()) == []


def test_a_real_process_prints_the_report_and_nothing_to_stderr(words, project):
    command = [sys.executable, "-m", "engine", "ingest", "words"]
    answer = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "3 of 4 files and parts found" in answer.stdout


def test_help_has_examples(cantus):
    assert "cantus ingest --all" in cantus("ingest", "--help").out


def test_verify_reads_everything_and_names_what_changed(words, cantus, project):
    cantus("ingest", "words")
    answer = cantus("ingest", "words", "--verify")
    assert answer.code == 0, answer.error
    assert "words: 3 clips: their files and packed audio are as ingested" in answer.out
    tone(words / "1.wav", 999)
    answer = cantus("ingest", "words", "--verify")
    assert answer.code == 2
    assert "1 file of corpus 'words' changed" in answer.error
    assert "1.wav" in answer.error


def test_what_recipes_would_use_of_it_is_printed(words, cantus, project):
    answer = cantus("ingest", "words")
    assert ": 4 found, 3 used, 2 training, 1 evaluation" in answer.out


def test_a_corpus_without_a_recipe_is_told_how_to_make_one(words, cantus, project):
    for recipe in (project / "recipes").glob("*.toml"):
        recipe.unlink()
    answer = cantus("ingest", "words")
    assert "No recipe uses words yet" in answer.out
    assert "cantus new NAME --from RECIPE --for words" in answer.out
