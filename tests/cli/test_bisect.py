"""What `cantus bisect` refuses before it trains, and what it says at the end."""

import json
import subprocess
import sys

import jsonschema
import numpy as np
import pytest
import soundfile

from engine.cli.answers.json_schema import schema_of
from engine.cli.answers.registry import ANSWERS
from engine.errors import UserError
from engine.sweeps.bisection.evidence import Probe
from engine.sweeps.bisection.trainings import Trainings


@pytest.fixture
def other(project, recipe):
    """A second recipe, with another learning rate and another batch size."""
    text = recipe.replace('name = "words"', 'name = "other"').replace("1e-3", "1e-6")
    (project / "recipes" / "other.toml").write_text(text.replace("= 64\nbest", "= 32\nbest"))
    return project


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["words", "words"], "No value that affects training differs between words and words"),
        (["words", "nothing"], "Neither a recipe nor a finished run is called 'nothing'"),
        (["words", "other", "--metric", "eval/perplexity"], "lower or higher must be better"),
        (["words", "other", "--seeds", "1"], "1 is not in the range"),
        (["words", "other", "--json"], "Give --yes as well"),
        (["words", "other"], "Corpus 'words' has not been ingested"),
    ],
)
def test_what_cannot_be_searched_is_said_before_anything_is_trained(other, cantus, words, said):
    answer = cantus("bisect", *words)
    assert answer.code == 2
    assert said in answer.error
    assert not (other / "build" / "bisect").exists()


def test_recipes_of_different_systems_are_refused(other, cantus, recipe):
    text = (other / "recipes" / "other.toml").read_text()
    codec = text.replace('"vqvae"', '"codec"')
    (other / "recipes" / "other.toml").write_text(codec)
    assert cantus("bisect", "words", "other").code == 2


@pytest.fixture
def ingested(other, cantus):
    """Both recipes, and ten words to train on."""
    folder = other / "data" / "words"
    folder.mkdir(parents=True)
    for number in range(10):
        sound = 0.5 * np.sin(np.arange(12_000) * 0.1 * (number + 1))
        soundfile.write(folder / f"{number}.wav", sound, 16_000)
    params = other / "params.toml"
    params.write_text(params.read_text().replace('source = "builtin"', 'source = "data/words"'))
    assert cantus("ingest", "words").code == 0
    return other


@pytest.fixture
def planted(monkeypatch):
    """Runs are figures with noise; a lower learning rate adds three decibels."""
    random, clips = np.random.default_rng(3), np.linspace(2, 9, 40)

    def run(self, lines, seed):
        rates = [line.bad for name, line in self.lines.items() if name in lines and "rate" in name]
        harm = -3.0 if 1e-3 in rates else 3.0 * len(rates)
        noise = 0.3 * random.standard_normal() + 0.1 * random.standard_normal(40)
        return Probe(clips + harm + noise)

    monkeypatch.setattr(Trainings, "run", run)
    monkeypatch.setattr(Trainings, "preflight", lambda self, lines, seed: "")
    monkeypatch.setattr("engine.sweeps.bisection.plan.require_same_clips", lambda *_: None)


def test_the_guilty_line_is_named_with_its_interval_and_what_it_holds_for(
    ingested, planted, cantus
):
    answer = cantus("bisect", "words", "other", "--steps", "50", "--yes")
    assert answer.code == 0, answer.error
    assert "words" in answer.out
    said = answer.out.splitlines()
    assert said[0].startswith("other is worse than words by rmse_db: +2.87 (97.5 %")
    assert said[1].startswith("optimizer.autoencoder.learning_rate: 0.001 -> 1e-06 makes the")
    assert "words with the other line of other is not shown to be worse: " in answer.out
    assert "This holds for runs of 50 steps" in answer.out
    assert "At least " in answer.error
    page = (ingested / "build" / "bisect" / "words-other.html").read_text()
    assert "optimizer.autoencoder.learning_rate" in page
    assert "not shown to be worse" in page
    assert "What was tried, in order" in page
    assert "By eval/rmse_db, of which the lowest is best: " in page
    assert "Confidence of the intervals: 97.5 % for other against words, " in page


def test_each_run_has_a_line_and_the_first_comparison_is_said_when_it_is_known(
    ingested, planted, cantus
):
    answer = cantus("bisect", "words", "other", "--steps", "50", "--yes", "--json")
    said = answer.error.splitlines()
    (first,) = (place for place, line in enumerate(said) if line.startswith("other is worse than"))
    assert said[first - 1].startswith("run 6: other, seed 3: ")
    assert "run 7: words with " in said[first + 1]
    assert sum(line.startswith("run ") for line in said) == json.loads(answer.out)["num_runs"]
    assert not any("measuring" in line for line in said)


HOLDS = """
import pathlib, sys
from engine.files.lock import locked
with locked(pathlib.Path(sys.argv[1]), "held"):
    print("holds", flush=True)
    sys.stdin.read()
"""


def test_a_second_command_with_the_same_question_is_told_to_wait(ingested, planted, cantus):
    words = ["bisect", "words", "other", "--yes"]
    holder = [sys.executable, "-c", HOLDS, ingested / "build" / "bisect" / "words-other"]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"holds\n"
        answer = cantus(*words)
        process.stdin.close()
    assert (answer.code, answer.out) == (2, "")
    assert "Another `cantus bisect` of words and other is running: it holds " in answer.error
    assert "Wait for it, or stop it and give this command again: finished" in answer.error
    assert cantus(*words).code == 0


def test_an_error_of_the_machine_ends_the_search_and_says_how_to_go_on(
    ingested, planted, cantus, monkeypatch
):
    def full(self, lines, seed):
        raise UserError("The disk is full. Free space there.")

    monkeypatch.setattr(Trainings, "run", full)
    answer = cantus("bisect", "words", "other", "--yes")
    assert answer.code == 2
    assert "bisect did not finish. The same command continues" in answer.error
    assert answer.error.endswith("The disk is full. Free space there.\n")


def test_a_recipe_and_its_demo_are_told_apart(ingested, planted, cantus):
    files = ["recipes/words.toml", "recipes/demo/words.toml"]
    answer = cantus("bisect", *files)
    assert "recipes/words.toml and recipes/demo/words.toml differ only in " in answer.error
    demo = ingested / files[1]
    demo.write_text(f"{demo.read_text()}\n[optimizer.autoencoder]\nlearning_rate = 1e-6\n")
    answer = cantus("bisect", *files, "--yes")
    assert answer.code == 0, answer.error
    assert answer.error.startswith("1 line differs and is tried, by eval/rmse_db:\n")
    assert answer.out.startswith("recipes/demo/words.toml is worse than recipes/words.toml by ")
    page = "build/bisect/recipes_words-recipes_demo_words.html"
    assert f"Written: {page}" in answer.out
    assert (ingested / page).is_file()


def test_without_a_terminal_nothing_is_asked(ingested, planted, cantus):
    answer = cantus("bisect", "words", "other")
    assert answer.code == 2
    assert answer.error.endswith(
        "Standard input is no terminal, so that nobody can answer. Give --yes.\n"
    )


def test_an_interrupted_search_says_that_the_same_command_continues(
    ingested, planted, cantus, monkeypatch
):
    def interrupted(self, lines, seed):
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainings, "run", interrupted)
    answer = cantus("bisect", "words", "other", "--yes")
    assert answer.code == 130
    assert "The same command continues with the run that was being trained" in answer.error


def test_runs_that_are_stopped_are_named_with_the_reason_everywhere(
    ingested, planted, cantus, monkeypatch
):
    def run(self, lines, seed):
        guilty = any("rate" in name for name in lines)
        return Probe(stopped="guard at step 3: loss is not finite") if guilty else Probe(figures)

    figures = np.linspace(2, 9, 40)
    monkeypatch.setattr(Trainings, "run", run)
    answer = cantus("bisect", "words", "other", "--yes", "--json")
    why = "stopped by guard at step 3: loss is not finite"
    assert f"worse (1 run, {why}): with optimizer.autoencoder.learning_rate" in answer.error
    document = json.loads(answer.out)
    (worse,) = (trial for trial in document["trials"] if trial["outcome"] == "worse")
    assert (worse["why"], worse["harm"]) == (why, None)
    assert why in (ingested / "build" / "bisect" / "words-other.html").read_text()


def test_too_few_seeds_for_stopped_runs_are_said_before_training(
    ingested, planted, cantus, monkeypatch
):
    stopped = Probe(stopped="guard at step 3: loss is not finite")
    monkeypatch.setattr(
        Trainings, "run", lambda self, lines, _: stopped if lines else Probe(np.linspace(2, 9, 40))
    )
    few = cantus("bisect", "words", "other", "--yes", "--seeds", "2")
    assert few.code == 2
    assert "warning: with --seeds 2, runs that a guard stops can never be shown" in few.error
    assert "Try more seeds: --seeds 4 at least." in few.error
    enough = cantus("bisect", "words", "other", "--yes", "--seeds", "4")
    assert enough.code == 0
    assert "warning" not in enough.error


@pytest.fixture
def refused(ingested, recipe):
    """A recipe of ten words, and one whose learning rate preflight refuses."""
    small = recipe.replace("batch_size = 64", "batch_size = 2").replace("epochs = 5", "epochs = 1")
    for name, rate in {"small": "1e-3", "bad": "0.5"}.items():
        text = small.replace('name = "words"', f'name = "{name}"').replace("1e-3", rate)
        text = text.replace("codebook = 1.0", f"codebook = {0.9 if name == 'bad' else 1.0}")
        (ingested / "recipes" / f"{name}.toml").write_text(text)
    return ingested


def test_a_line_that_preflight_refuses_is_found_by_preflight_alone(refused, cantus):
    answer = cantus("bisect", "small", "bad", "--steps", "3", "--seeds", "2", "--yes", "--json")
    assert answer.code == 0, answer.error
    document = json.loads(answer.out)
    jsonschema.validate(document, schema_of(ANSWERS["cantus.bisect/1"]))
    assert (document["by_preflight"], document["num_runs"]) == (True, 0)
    verdicts = {line["name"]: line["verdict"] for line in document["lines"]}
    assert verdicts == {
        "optimizer.autoencoder.learning_rate": "accused",
        "losses.codebook": "not shown",
    }
    first, second, *_ = document["sentences"]
    assert first.startswith(
        "bad does not pass preflight, and small does: preflight stops 2 of 2 runs (seeds 1 and 3)"
    )
    assert "learning rate of autoencoder: 0.5 at its peak" in second
    assert document["sentences"][2].startswith("small with the other line of bad passes preflight")
    assert not (refused / "build" / "bisect" / "small-bad" / "training").exists()


def test_a_good_recipe_that_preflight_refuses_is_named(refused, cantus):
    text = (refused / "recipes" / "small.toml").read_text().replace("1e-3", "0.4")
    (refused / "recipes" / "small.toml").write_text(text)
    answer = cantus("bisect", "small", "bad", "--steps", "3", "--yes")
    assert answer.code == 2
    assert "small does not pass preflight: learning rate of autoencoder: 0.4" in answer.error
    assert "Train longer" not in answer.error


def test_a_good_recipe_that_preflight_refuses_is_named_before_a_run_where_the_bad_one_passes(
    refused, cantus
):
    answer = cantus("bisect", "bad", "small", "--steps", "3", "--seeds", "2", "--yes")
    assert answer.code == 2
    assert "bad does not pass preflight: learning rate of autoencoder: 0.5" in answer.error
    assert "run 1" not in answer.error


def test_the_answer_is_a_document_of_its_schema(ingested, planted, cantus):
    answer = cantus("bisect", "words", "other", "--steps", "50", "--yes", "--json")
    document = json.loads(answer.out)
    jsonschema.validate(document, schema_of(ANSWERS["cantus.bisect/1"]))
    verdicts = {line["name"]: line["verdict"] for line in document["lines"]}
    assert verdicts["optimizer.autoencoder.learning_rate"] == "accused"
    assert verdicts["training.batch_size"] == "not shown"
    (found,) = document["found"]
    assert found["together"]["speaks_of"] == "recipes"
    assert found["together"]["outcome"] == "worse"
    assert found["together"]["low"] > 0
    kept = (ingested / "build" / "bisect" / "words-other.json").read_text()
    assert json.loads(kept) == document


def test_a_bad_recipe_that_is_not_worse_is_refused_with_the_interval(ingested, planted, cantus):
    better = cantus("bisect", "other", "words", "--yes")
    assert better.code == 2
    assert "is better than other by rmse_db in runs of 100 steps: -3.13" in better.error
    text = (ingested / "recipes" / "other.toml").read_text().replace("1e-6", "1e-3")
    (ingested / "recipes" / "other.toml").write_text(text)
    same = cantus("bisect", "words", "other", "--yes", "--json")
    assert same.code == 2
    assert "is not shown to be worse than words" in json.loads(same.out)["message"]
    assert "CI" in json.loads(same.out)["message"]


def test_the_budget_ends_a_search_and_says_how_to_go_on(ingested, planted, cantus):
    answer = cantus("bisect", "words", "other", "--yes", "--budget-runs", "7")
    assert answer.code == 0
    assert "The budget of 7 runs was spent" in answer.out
    assert "Still suspected, not confirmed: " in answer.out
