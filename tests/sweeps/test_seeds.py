"""Seeds of a recipe: real runs, killed and continued, and what is kept of them."""

import json
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from engine.errors import UserError
from engine.pipeline.dvc_yaml import staleness as dvc_staleness
from engine.pipeline.load import load_pipeline
from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.report.kept_seeds import kept_seeds
from engine.report.run_files import RunFiles
from engine.sweeps import seeds as module
from engine.sweeps.seeds import SeedRuns
from engine.sweeps.spread import spread_of
from engine.sweeps.spread_page import cells
from engine.sweeps.written_spread import write_spread
from engine.system_support.discovery import recipe_classes
from engine.system_support.seed_runs import finished_seeds, lent_seeds, with_seeds
from engine.tracking.events import Event
from tests.run_folders import add_events, make_finished, start

CLIPS = np.linspace(1.0, 9.0, 40)
METRIC = "eval/mel_ce"


@pytest.fixture
def kept(tmp_path):
    """Seeds of xtts_phase1 as they are kept, by the mean of their figures."""
    project = Project(tmp_path)

    def kept(*means, covers=None, clips=CLIPS, **more):
        for seed, mean in enumerate(means, start=1):
            folder = project.seeds("xtts_phase1") / f"seed_{seed}"
            random = np.random.default_rng(seed)
            measured = clips + mean + 0.1 * random.standard_normal(len(clips))
            make_finished(folder, {"mel_ce": measured}, **more)
            about = {"covers": (covers or {}).get(seed, {"settings": {"name": f"s{seed}"}})}
            (folder / "run.json").write_text(json.dumps(about))
        return project

    return kept


def spread(project):
    runs = runs_of(project)
    recipe = next(iter(runs.values())).recipe
    return spread_of(recipe, runs, {})


def runs_of(project):
    return finished_seeds(kept_seeds(project, "xtts_phase1"))


def test_the_spread_is_written_for_people_for_programs_and_for_dvc(kept):
    project = kept(1.0, 1.2, 0.8)
    found = spread(project)
    said = " ".join(found.sentences)
    assert "3 seeds of xtts_phase1: mel_ce is 5.999 on average over 40 clips" in said
    assert "a true difference of" in said
    write_spread(found, project, "cantus seeds xtts_phase1")
    plain = json.loads((project.seeds("xtts_phase1") / "spread.json").read_text())
    best = plain["metrics"][METRIC]
    assert best["low"] < best["deviation"] < best["high"]
    assert best["half_width"] < best["smallest_difference"]
    shown = json.loads(project.seeds_metrics("xtts_phase1").read_text())
    assert shown["mel_ce"]["deviation"] == best["deviation"]
    page = (project.seeds("xtts_phase1") / "spread.html").read_text()
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("means", "clips", "why"),
    [
        ((1.0,), CLIPS, "one seed shows nothing of other seeds"),
        ((1.0, 2.0), CLIPS[:1], "one clip is too few"),
    ],
)
def test_where_there_is_no_spread_a_sentence_says_why_and_no_figure_stands_there(
    kept, means, clips, why
):
    project = kept(*means, clips=clips)
    found = spread(project)
    assert f"no spread of mel_ce is given, because {why}" in " ".join(found.sentences)
    write_spread(found, project, "cantus seeds xtts_phase1")
    plain = json.loads((project.seeds("xtts_phase1") / "spread.json").read_text())
    assert "half_width" not in plain["metrics"][METRIC]
    assert why in " ".join(found.why_none())
    assert "".join(cells(found.metrics[0], found.numbers)[4:]) == ""


def test_a_metric_without_figures_of_clips_has_a_spread_of_its_values_alone(kept):
    project = kept(1.0, 2.0, eval={"mel_ce": 5.0, "loss": 3.0})
    (loss,) = (one for one in spread(project).metrics if one.metric == "eval/loss")
    assert (loss.found, cells(loss, (2, 3))[2:]) == (None, ["0", "", "", ""])
    assert loss.why


def test_a_baseline_that_learns_nothing_is_compared_over_seeds(kept):
    project = kept(1.0, 1.1, 0.9)
    for run in runs_of(project).values():
        table = run.folder / "evaluation/clips.tsv"
        rows = table.read_text().splitlines()
        place = next(number for number, row in enumerate(rows) if row.startswith("sha256"))
        rows[place] += "\tbaseline/bigram/mel_ce"
        body = [f"{row}\t{10 + number / 9}" for number, row in enumerate(rows[place + 1 :])]
        table.write_text("\n".join([*rows[: place + 1], *body]) + "\n")
    said = " ".join(spread(project).sentences)
    assert "xtts_phase1 against bigram, which is not trained, over seeds: " in said
    assert "3 seeds, 40 clips): better" in said


def test_seeds_of_another_recipe_are_not_used_and_that_is_said(kept):
    trained = {"settings": {"name": "a", "training": {"steps": 9}}}
    project = kept(1.0, 1.1, 1.2, covers=dict.fromkeys((1, 2), trained))
    model = make_finished(project.model("xtts_phase1"), {"mel_ce": CLIPS})
    (model / "run.json").write_text(json.dumps({"covers": trained}))
    recipe = runs_of(project)[1].recipe
    found = with_seeds(RunFiles("xtts_phase1", model, recipe), project)
    assert [run.name for run in found.seeds] == [f"xtts_phase1 with seed {n}" for n in (1, 2)]
    assert "(seed 3; what differs: training.steps)" in found.remarks[0]
    with pytest.raises(UserError, match="holds seeds of different recipes"):
        lent_seeds("xtts_phase1", project)


def test_a_recipe_without_seeds_lends_none_and_those_that_have_some_are_named(kept):
    project = kept(1.0, 1.2)
    project.recipes.mkdir()
    for name in ("xtts_phase1", "xtts_phase2"):
        (project.recipes / f"{name}.toml").touch()
    have = r"Recipes with seeds: xtts_phase1 \(2\)"
    with pytest.raises(UserError, match=f"cantus seeds xtts_phase2. {have}"):
        lent_seeds("xtts_phase2", project)
    unknown = "no recipe called 'xtts_phase3'. Did you mean 'xtts_phase2'"
    with pytest.raises(UserError, match=rf"{unknown}.*{have}"):
        lent_seeds("xtts_phase3", project)


def cantus(project, *command):
    words = [sys.executable, "-P", "-m", "engine", *command]
    return subprocess.Popen(
        words, cwd=project.root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def wait_for(condition, what):
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"in vain: {what}")


@pytest.mark.slow
def test_after_a_kill_the_same_command_goes_on_with_the_seed_that_was_half_trained(words):
    running = cantus(words, "seeds", "words")
    checkpoints = words.runs("words_seed1")
    wait_for(lambda: [*checkpoints.glob("*/checkpoints/step_*")], "a checkpoint of seed 1")
    children = psutil.Process(running.pid).children(recursive=True)
    running.kill()
    running.communicate()
    _, alive = psutil.wait_procs(children, timeout=300)
    assert not alive, "what trains ends with the command"
    said, _ = cantus(words, "seeds", "words").communicate(timeout=800)
    assert "words: seeds 1 and 2 to train, " in said
    assert said.index("resumed at step") < said.index("seed 1: kept in seeds/words/seed_1")
    assert "seed 2: kept in seeds/words/seed_2" in said
    assert "2 seeds of words: rmse_db is" in said
    left = [*words.runs("any").parent.glob("*"), *words.model("any").parent.glob("*")]
    assert not left, "weights of seeds are not kept"
    recipe = load_recipe(words.recipe("words", "demo"), classes=recipe_classes())
    params = load_params(words.params)
    assert SeedRuns(words, recipe, params, range(1, 4)).missing() == [3]
    edited = load_recipe(
        words.recipe("words", "demo"), classes=recipe_classes(), overrides=["losses.codebook=0.5"]
    )
    assert SeedRuns(words, edited, params, range(1, 3)).missing() == [1, 2]


@pytest.fixture
def stopped(words, monkeypatch):
    """Seeds whose training ends with a code, in a project without any."""

    def stopped(code):
        recipe = load_recipe(words.recipe("words", "demo"), classes=recipe_classes())
        run = words.runs("words_seed1") / "0a1b2c3d4e5f"
        run.mkdir(parents=True)
        (run.parent / "latest").write_text(run.name)
        guard = {"name": METRIC, "metric": METRIC, "value": 9.0, "condition": "it must be below 4"}
        add_events(
            run,
            [
                start("words_seed1"),
                Event("guard", 7, facts=guard | {"action": "stop"}),
                Event("stop", 7, facts={"reason": "guard", "message": "a guard"}),
            ],
        )
        (run / "run.json").write_text(json.dumps({"recipe": "words_seed1", "of": "words"}))
        monkeypatch.setattr(module, "run_as_child", lambda *_: code)
        return SeedRuns(words, recipe, load_params(words.params), range(1, 3))

    return stopped


def test_a_seed_that_a_guard_stopped_has_a_result_and_is_named(stopped, tmp_path):
    runs = stopped(1)
    assert runs.train(1, tmp_path / "said") == 0
    kept = kept_seeds(runs.project, "words")
    assert "words_seed1 was stopped by a guard at step 7" in kept.stopped[1]
    assert kept.finished == {}


@pytest.mark.parametrize("code", [2, 130, 143])
def test_a_seed_that_failed_or_was_interrupted_has_no_result(stopped, code, tmp_path):
    runs = stopped(code)
    assert runs.train(1, tmp_path / "said") == code
    assert runs.missing() == [1, 2]
    assert (runs.project.runs("words_seed1") / "latest").is_file(), "its state is kept"


def test_dvc_has_a_stage_for_each_recipe_that_params_toml_names(words):
    pipeline = load_pipeline(words, load_params(words.params))
    stage = pipeline.stages["seeds_words"]
    assert stage["cmd"] == "cantus seeds words"
    assert stage["deps"] == pipeline.stages["words"]["deps"]
    assert stage["params"] == [{"params.toml": ["seed", "seeds.words"]}]
    assert stage["outs"] == [{"seeds/words": {"persist": True}}], "finished seeds survive a rerun"
    assert [*stage["metrics"][0]] == ["metrics/seeds/words.json"]
    assert "it lacks the stage" in str(dvc_staleness(words.dvc_yaml, pipeline))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("word = 3", "recipes/word.toml does not exist; did you mean 'words'"),
        ("words = 1", "must be from 2 to 100"),
    ],
)
def test_a_wrong_line_of_seeds_in_params_toml_is_named(words, line, said):
    words.params.write_text(words.params.read_text().replace("words = 2", line))
    with pytest.raises(UserError, match=said.partition(";")[0]):
        load_pipeline(words, load_params(words.params))
