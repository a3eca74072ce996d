"""`cantus listen`: from runs to results in metrics and reports."""

import json
import re
import shutil
from pathlib import Path

import pytest

from engine.listening.listening_test import read_test
from engine.project import Project
from engine.recipe.metric_names import LISTENING_SCALES
from tests.listening.made import GOOD_EARS, listener, make_listenable

ROOT = Path(__file__).parents[2]


@pytest.fixture
def two(project) -> Project:
    """Two runs in a project."""
    shutil.copy(ROOT / "params.toml", project)
    for name, noise in (("codec_a", 0.01), ("codec_b", 0.08)):
        make_listenable(project, name, noise)
    return Project(project)


@pytest.fixture
def downloaded(two, cantus, tmp_path):
    """The static page is written, and a listener's file is back."""
    answer = cantus("listen", "codec_a", "codec_b", "--name", "ab", "--static", "page")
    assert answer.code == 0, answer.error
    test = read_test(two.listening / "ab")
    content = {"version": 1, "test": test.id, "answers": listener(test, GOOD_EARS, name="<b>Ann")}
    (tmp_path / "answers.json").write_text(json.dumps(content))
    return tmp_path / "answers.json"


def test_from_a_static_folder_to_metrics_and_report(two, downloaded, cantus):
    assert {path.name for path in Path("page").iterdir()} == {"index.html", "audio"}
    collected = cantus("listen", "--collect", str(downloaded))
    assert "answers of <b>Ann to ab added" in collected.out
    answer = cantus("listen", "--results")
    assert answer.code == 0, answer.error
    assert "codec_a" in answer.out
    assert re.search(r"overall: codec_b minus codec_a -1\.7? .*1 listener, 3 clips", answer.out)
    assert "The anchor ends at 3,500 Hz" in answer.out
    metrics = json.loads(two.metrics("codec_a").read_text())
    figures = metrics["measured"][0]["figures"]
    assert {f"listening.{scale}" for scale in LISTENING_SCALES} <= figures.keys()
    report = (two.model("codec_a") / "report.html").read_text()
    assert "Listening tests" in report
    assert "codec_b minus codec_a" in report
    assert "<b>Ann" not in report
    assert cantus("compare", "codec_a", "codec_b", "--to", "both.html").code == 0
    assert "codec_b minus codec_a" in Path("both.html").read_text()


def test_collecting_says_what_could_not_be_read_and_reads_the_rest(two, downloaded, cantus):
    answer = cantus("listen", "--collect", "nowhere.json", str(downloaded))
    assert answer.code == 2
    assert "nowhere.json is not a file of answers" in answer.error
    assert "1 of 2 files could not be read. The others were read." in answer.error
    assert "added" in answer.out
    alone = cantus("listen", "--collect", "nowhere.json")
    assert alone.error.endswith("1 of 1 files could not be read.\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("codec_a",), "Name 2 to 6 runs"),
        ((), "Name 2 to 6 runs"),
        (("codec_a", "codec_a"), "codec_a is named twice"),
        (("codec_a", "nothing"), "Neither a recipe nor a finished run is called 'nothing'"),
        (("--results",), "There is no listening test yet"),
        (("--results", "x"), "There is no listening test 'x'. Make one"),
        (("--collect",), "Name the files to read"),
        (("--results", "--static", "x"), "Give only one of --static, --collect and --results"),
        (("codec_a", "codec_b", "--screen"), "--screen needs --results"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(two, cantus, words, said):
    answer = cantus("listen", *words)
    assert answer.code == 2
    assert said in answer.error
    assert not two.listening.exists()


def test_results_without_answers_are_a_sentence(downloaded, cantus):
    answer = cantus("listen", "--results", "ab")
    assert (answer.code, "ab has no answers yet" in answer.error) == (2, True)


def test_a_run_that_was_trained_anew_keeps_its_figures_to_itself(two, downloaded, cantus):
    cantus("listen", "--collect", str(downloaded))
    shutil.rmtree(two.model("codec_a"))
    make_listenable(two.root, "codec_a", 0.02, identity="anew")
    answer = cantus("listen", "--results")
    assert "codec_a was trained again since" in answer.out
    assert "metrics/codec_b.json and models/codec_b/report.html hold" in answer.out
    assert not two.metrics("codec_a").exists()


def test_help_has_examples(cantus):
    assert "cantus listen xtts_phase1 xtts_phase2\n" in cantus("listen", "--help").out
