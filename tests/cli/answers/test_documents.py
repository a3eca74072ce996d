"""What commands print with --json: one document of its schema, with all that people read."""

import json
import os
import re
import signal
import subprocess
import sys

import jsonschema
import numpy as np
import pytest
import soundfile

from engine.cli.answers.json_schema import schema_of
from engine.cli.answers.registry import ANSWERS
from engine.runs.estimate import RunEstimate
from engine.tracking.events import Event
from engine.training.rate_plan import RatePlan
from tests.finished_models import make_model
from tests.run_folders import make_run, start, units

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?(?![\w])")


def one_document(answer):
    """The document on standard output. Raises where there is anything else, or it is not valid."""
    found = json.loads(answer.out)
    jsonschema.validate(found, schema_of(ANSWERS[found["schema"]]))
    assert found["exit_code"] == answer.code
    return found


def values_of(value):
    """Every number and text of a document, keys included."""
    if isinstance(value, dict):
        for key, inside in value.items():
            yield key
            yield from values_of(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from values_of(inside)
    else:
        yield value


def is_held(number, document):
    """Whether a number that people read is in a document, as a number or inside a text."""
    read = float(number.replace(",", ""))
    digits = len(re.sub(r"e.*|\D", "", number).lstrip("0"))
    for value in values_of(document):
        if isinstance(value, str) and number in value:
            return True
        if isinstance(value, int | float):
            factors = (1, 60, 3600, 1e-3, 1e3, 1e6, 1e9)
            if any(np.isclose(value / f, read, rtol=0.6 * 10.0 ** (1 - digits)) for f in factors):
                return True
    return False


def assert_all_is_held(human, document):
    lost = [number for number in _NUMBER.findall(human) if not is_held(number, document)]
    assert lost == [], f"{lost} in\n{human}"


def test_check_lists_recipes_and_notes(project, cantus):
    (project / "recipes" / "other.toml").write_text(
        (project / "recipes" / "words.toml").read_text().replace('"words"', '"other"', 1)
    )
    document = one_document(cantus("check", "--json"))
    assert [one["name"] for one in document["recipes"]] == ["other", "words"]
    assert any("runs as written" in note for note in document["notes"])
    human = cantus("check").out
    assert all(one["identity"] in human for one in document["recipes"])
    assert_all_is_held(human, document)


def test_check_holds_every_value_with_v(project, cantus):
    (recipe,) = one_document(cantus("check", "words", "-v", "--json"))["recipes"]
    assert recipe["values"]["training"]["epochs"] == 1
    assert recipe["file"] == "recipes/demo/words.toml"


def test_check_lists_faults_with_their_places_and_leaves_with_2(project, cantus, recipe):
    other = recipe.replace('"words"', '"other"', 1).replace("batch_size = 64", "batch_size = 0")
    (project / "recipes" / "other.toml").write_text(other)
    answer = cantus("check", "--json")
    document = one_document(answer)
    assert answer.code == 2
    (fault,) = document["faults"]
    assert (fault["file"], fault["line"]) == ("recipes/other.toml", 23)
    assert fault["key"] == "training.batch_size"
    assert "must be at least 1" in fault["message"]


@pytest.mark.parametrize(
    ("words", "kind", "allowed"),
    [
        (["why", "nothing"], "refused", ""),
        (["diff", "words"], "usage", ""),
        (["diff", "words", "--jsn"], "usage", "--last"),
        (["estimate", "words"], "refused", ""),
        (["identity", "words", "-S", "training.epohs=3"], "fault", ""),
        (["bisect", "words", "words"], "refused", ""),
        (["cheque"], "refused", ""),
    ],
)
def test_an_error_is_a_document_too(project, cantus, words, kind, allowed):
    answer = cantus(*words, "--json")
    document = one_document(answer)
    assert (answer.code, document["schema"], document["kind"]) == (2, "cantus.error/1", kind)
    assert document["what"]
    assert document["message"] in answer.error
    assert allowed in " ".join(document["allowed"])
    if kind == "fault":
        assert document["where"][0]["key"] == "training.epohs"


@pytest.mark.parametrize(
    ("words", "allowed", "to_do"),
    [
        (["ingest", "nothing"], ["words"], "Name one of them, or add the table [corpora.nothing]"),
        (["identity", "nothing"], ["words"], "Name a recipe: words."),
        (["bisect", "words", "nothing", "--yes"], ["words"], "Name a recipe: words."),
        (["why", "nothing"], [], "No run has finished yet: start with `dvc repro`."),
        (["plan", "words"], ["estimate"], "Call 'cantus estimate'."),
        (["bisect", "words", "words"], [], "Give --yes as well."),
    ],
)
def test_an_error_lists_what_is_allowed_and_what_to_do(project, cantus, words, allowed, to_do):
    document = one_document(cantus(*words, "--json"))
    assert document["allowed"] == allowed
    assert document["to_do"][0].startswith(to_do)


def test_a_run_that_is_not_there_names_the_runs_that_are(project, cantus):
    make_run(project / "runs" / "small_seed4" / "a", [start("small_seed4")])
    document = one_document(cantus("why", "words", "--json"))
    assert document["allowed"] == ["small_seed4"]
    assert document["to_do"] == [
        "Name one of the runs there are: small_seed4; or the folder of one."
    ]
    assert document["what"].endswith("no events.jsonl below runs/words or models/words.")
    path = one_document(cantus("why", "runs/nothing", "--json"))
    assert path["what"] == "'runs/nothing' is no run: there is no runs/nothing/events.jsonl."


def test_an_interruption_is_a_document_with_130(project, cantus, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("engine.cli.why.find_run", interrupted)
    answer = cantus("why", "words", "--json")
    assert (answer.code, one_document(answer)["kind"]) == (130, "interrupted")


def test_sigterm_is_a_document_with_143(project, cantus, monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("engine.cli.why.find_run", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    answer = cantus("why", "words", "--json")
    document = one_document(answer)
    assert (answer.code, document["kind"]) == (143, "interrupted")
    assert document["what"] == "Ended by the signal SIGTERM."
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_error_of_cantus_itself_is_a_document_with_70_and_its_traceback(
    project, cantus, monkeypatch
):
    monkeypatch.setattr("engine.cli.why.find_run", None)
    answer = cantus("why", "words", "--json")
    assert (answer.code, one_document(answer)["kind"]) == (70, "internal")
    assert "Traceback" in answer.error
    assert "TypeError" in one_document(answer)["what"]


def test_what_else_is_printed_goes_to_standard_error(project):
    program = """\
import os, sys
import engine.cli.why
def find_run(project, run):
    print("a library prints")
    os.system("echo a worker prints")
    os.write(1, b"so does C\\n")
    raise engine.errors.UserError("Nothing found. Train it.")
engine.cli.why.find_run = find_run
engine.cli.main(["why", "words", "--json"])
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=project)
    document = json.loads(done.stdout)
    assert (done.returncode, document["what"]) == (2, "Nothing found.")
    assert document["to_do"] == ["Train it."]
    for said in ("a library prints", "a worker prints", "so does C"):
        assert said in done.stderr


def test_why_says_how_a_run_was_stopped(project, cantus):
    facts = {
        "name": "eval/m",
        "metric": "eval/m",
        "value": 9.5,
        "condition": "it must be below 2",
        "action": "stop",
        "because": "it diverged",
    }
    stop = Event("stop", 40, facts={"reason": "guard", "message": "stopped"}, time=200.0)
    make_run(project / "runs/words/a", [start("words"), Event("guard", 40, facts=facts), stop])
    document = one_document(cantus("why", "words", "--json"))
    assert (document["ending"], document["step"]) == ("guard", 40)
    assert document["guards"][0]["because"] == "it diverged"
    human = cantus("why", "words").out
    assert document["sentences"] == human.strip()
    assert_all_is_held(human, document)


def test_why_says_the_verdict_of_a_finished_run_with_its_comparisons(project, cantus):
    make_model(project)
    document = one_document(cantus("why", "words", "--json"))
    assert (document["ending"], document["verdict"]["keep"]) == ("finished", "words")
    assert document["best_step"] == 20
    assert_all_is_held(cantus("why", "words").out, document)


@pytest.fixture
def models(project, recipe):
    """Two finished models, that of `other` better by half a decibel."""
    from tests.cli.answers.two_models import make_models

    return make_models(project, recipe)


def test_diff_says_which_is_better_of_what_and_how_surely(models, cantus):
    document = one_document(cantus("diff", "words", "other", "--json"))
    assert document["decided_by"] == "eval/rmse_db"
    first = document["comparisons"][0]
    assert (first["ours"], first["theirs"], first["outcome"]) == ("other", "words", "better")
    assert first["speaks_of"] == "weights"
    assert (first["num_clips"], first["num_seeds"]) == (40, [1, 1])
    assert first["low"] < first["difference"] < first["high"] < 0
    (value,) = [one for one in document["values"] if one["affects_training"]]
    assert (value["left"], value["right"]) == (0.001, 0.003)
    for human in (cantus("diff", "words", "other"), cantus("diff", "words", "other", "--all")):
        assert_all_is_held(human.out, document)


def test_diff_says_why_something_is_not_compared_and_leaves_with_0(models, cantus):
    path = models / "models/other/metrics.json"
    content = json.loads(path.read_text()) | {"evaluation_set": "cd" * 32}
    path.write_text(json.dumps(content))
    answer = cantus("diff", "words", "other", "--json")
    document = one_document(answer)
    assert answer.code == 0
    assert {one["outcome"] for one in document["comparisons"]} == {None}
    assert all(one["not_compared"] for one in document["comparisons"])
    assert all(one["difference"] is None for one in document["figures"])


def test_the_deciding_metric_comes_first_even_where_it_is_not_compared(models, cantus):
    path = models / "models/other/metrics.json"
    content, other = json.loads(path.read_text()), units("rmse_db", weights="another")
    content["scale"] |= other["scale"]
    content["units"] |= other["units"]
    path.write_text(json.dumps(content))
    first, *others = one_document(cantus("diff", "words", "other", "--json"))["comparisons"]
    assert (first["metric"], first["outcome"]) == ("eval/rmse_db", None)
    assert first["not_compared"]
    assert "eval/reconstruction" in {one["metric"] for one in others if one["outcome"]}


def test_diff_of_what_is_not_trained_lists_values_and_what_trains_it(project, cantus, recipe):
    text = recipe.replace('"words"', '"other"', 1).replace("1e-3", "3e-3")
    (project / "recipes" / "other.toml").write_text(text)
    document = one_document(cantus("diff", "words", "other", "--json"))
    assert "dvc repro other" in document["missing"]
    assert document["comparisons"] == document["figures"] == []


def test_diff_with_the_published_setup_and_with_another_form(project, cantus):
    document = one_document(cantus("diff", "words", "--upstream", "--json"))
    assert document["kind"] == "upstream"
    assert {"dataset.num_train_clips"} <= {one["key"] for one in document["values"]}
    forms = one_document(cantus("diff", "recipes/words.toml", "recipes/demo/words.toml", "--json"))
    assert [one["key"] for one in forms["values"]] == ["training.epochs"]


@pytest.fixture
def corpus(project):
    """The corpus 'words' is a folder with ten words and a bad file."""
    folder = project / "data" / "words"
    folder.mkdir(parents=True)
    for number in range(10):
        sound = 0.5 * np.sin(np.arange(12_000) * 0.1 * (number + 1))
        soundfile.write(folder / f"{number}.wav", sound, 16_000)
    (folder / "bad.wav").write_text("text")
    params = project / "params.toml"
    text = params.read_text().replace('source = "builtin"', 'source = "data/words"')
    params.write_text(text + "at_most_bad = 0.5\n")
    return project


def test_ingest_counts_what_is_used_and_lists_what_is_not(corpus, cantus):
    document = one_document(cantus("ingest", "words", "--json"))
    (words,) = document["corpora"]
    assert (words["report"]["num_used"], words["num_quarantined"]) == (10, 1)
    assert words["quarantined"][0]["path"] == "bad.wav"
    assert_all_is_held(cantus("ingest", "words").out, document)
    assert one_document(cantus("ingest", "words", "--verify", "--json"))["clips"] == {"words": 10}
    explained = one_document(cantus("ingest", "words", "--explain", "bad", "--json"))
    assert "quarantined, unreadable" in explained["sentences"]


def timed(*_):
    """An estimate as `estimate_run` gives it."""
    numbers = {"parameters": 9, "total_steps": 40, "steps_per_epoch": 4, "step_seconds": 0.5}
    numbers |= {"evaluation_seconds": 2.0, "judged_seconds": 0.0, "num_judged": 0}
    numbers |= {"num_evaluations": 2, "peak_memory_bytes": 2**30, "resumable_bytes": 2**20}
    numbers |= {"weights_bytes": 2**19, "disk_bytes": 2**22, "free_disk_bytes": 2**21}
    plan = RatePlan("autoencoder", 1e-3, 40, 0, [(1, 1e-3), (40, 1e-5)])
    return RunEstimate(**numbers, rate_plans=[plan])


def test_identity_and_estimate_are_documents(corpus, cantus, monkeypatch):
    from engine.runs import estimate as module

    monkeypatch.setattr(module, "estimate_run", timed)
    cantus("ingest", "words")
    settings = ["-S", "training.batch_size=2", "-S", "training.epochs=1"]
    identity = one_document(cantus("identity", "words", *settings, "--json"))
    assert identity["folder"] is None
    assert len(identity["identity"]) == 12
    assert identity["settings"]["training"]["batch_size"] == 2
    assert "engine.training.step" in identity["code"]
    answer = cantus("estimate", "words", *settings, "--per-hour", "2", "--json")
    estimate = one_document(answer)
    assert estimate["training_clips"] + estimate["evaluation_clips"] == 10
    assert estimate["price"]["amount"] == pytest.approx(estimate["total_seconds"] / 1800)
    assert estimate["learning_rates"][0]["rates"][1] == {"step": 40, "rate": 1e-5}
    assert (estimate["has_disk"], answer.code) == (False, 2)
    human = cantus("estimate", "words", *settings, "--per-hour", "2").out
    assert_all_is_held(human, estimate)
