"""`cantus prepare`: what it leaves, what training takes from there, and what is said."""

import csv
import hashlib
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from engine.corpus import Corpus, ingest
from engine.features.prepared import features_of
from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.recipe.params import Work
from engine.system_support.discovery import recipe_classes
from engine.systems.xtts.system import build
from tests.systems.xtts.small_project import spoken_project  # noqa: F401 (a fixture)

RECIPE = """\
schema = 2
name = "small"
system = "xtts"
summary = "a test"

[dataset]
corpus = "speech"
languages = ["hu", "hi"]
split = "text_disjoint"
eval_share = 0.3
max_seconds = 0.9
num_train_clips = 8
conditioning = "same_speaker"
conditioning_seconds = [0.3, 0.5]

[model]
kind = "scratch"
num_layers = 1
dim = 16
num_heads = 2
num_codes = 16

[optimizer.gpt]
kind = "adamw"
learning_rate = 1e-3

[training]
steps = 2
batch_size = 4
best = "eval/mel_ce"
"""
ODD = {
    "anna_01.wav": ("कमरा 12", "hi", "unspeakable", "'hi'"),
    "anna_02.wav": ("jó [hu] napot", "hu", "alphabet unknown", "[hu]"),
    "bela_03.wav": ("good day", "en", "other language", "en"),
    "bela_04.wav": ("jó napot " * 30, "hu", "too many tokens", "tokens, at most 200"),
}


@pytest.fixture(scope="module")
def ingested(spoken_project, tmp_path_factory):  # noqa: F811
    """The corpus of two voices with some clips that cannot be used, and a recipe for it."""
    root = tmp_path_factory.mktemp("prepare") / "project"
    shutil.copytree(spoken_project.root / "data", root / "data")
    shutil.copy(spoken_project.params, root / "params.toml")
    table = root / "data/speech/metadata.csv"
    lines = [line.split("|") for line in table.read_text("utf-8").splitlines()]
    for line in lines:
        if line[0] in ODD:
            line[1], line[3] = ODD[line[0]][:2]
    table.write_text("".join("|".join(line) + "\n" for line in lines), "utf-8")
    (root / "recipes").mkdir()
    (root / "recipes/small.toml").write_text(RECIPE)
    made = Project(root)
    ingest("speech", load_params(made.params).corpora["speech"], made, work=Work(num_workers=1))
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return made


@pytest.fixture
def project(ingested, tmp_path, monkeypatch):
    """A copy of it that nothing was prepared in; the working directory."""
    root = tmp_path / "project"
    shutil.copytree(ingested.root, root)
    monkeypatch.chdir(root)
    return Project(root)


def rows_of(project, name):
    path = project.prepared("small") / f"{name}.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def built(project):
    recipe = load_recipe(project.recipe("small"), classes=recipe_classes())
    return build(recipe, project, load_params(project.params))


def contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_every_clip_of_the_corpus_is_used_or_quarantined_with_its_reason(project, cantus):
    answer = cantus("prepare", "small")
    assert answer.code == 0
    used, left_out = rows_of(project, "clips"), rows_of(project, "quarantined")
    clips = Corpus.open(project.corpus("speech")).manifest.clips
    assert sorted(row["id"] for row in [*used, *left_out]) == sorted(clip.id for clip in clips)
    found = {row["id"]: row for row in left_out}
    for name, (text, language, reason, detail) in ODD.items():
        row = found[name.removesuffix(".wav")]
        assert (row["reason"], row["language"]) == (reason, language)
        assert row["transcript"] == text.strip()
        assert detail in row["found"]
        assert row["way_out"]
    lengths = {clip.id: clip.seconds for clip in clips}
    too_long = {row["id"] for row in left_out if row["reason"] == "too long"}
    assert too_long == {id_ for id_, seconds in lengths.items() if seconds > 0.9} - found_odd()
    assert sum(row["reason"] == "not chosen" for row in left_out) > 0


def found_odd():
    return {name.removesuffix(".wav") for name in ODD}


def test_the_table_of_clips_says_what_training_uses_and_whose_voice_evaluation_hears(
    project, cantus
):
    cantus("prepare", "small")
    system, rows = built(project), rows_of(project, "clips")
    sets = {"training": system.train_clips, "evaluation": system.eval_clips}
    for purpose, clips in sets.items():
        theirs = [row for row in rows if row["used_for"] == purpose]
        assert [row["id"] for row in theirs] == list(clips.ids)
        assert [int(row["text_tokens"]) for row in theirs] == list(map(len, clips.tokens))
        assert [int(row["audio_codes"]) for row in theirs] == list(map(len, clips.codes))
        assert [row["speaker"] for row in theirs] == list(clips.speakers)
        tokens = system.assets.vocabulary.tokenizer.encode
        spoken = [tokens(row["spoken"], "hu") for row in theirs]
        assert spoken == [each.tolist() for each in clips.tokens]
    evaluated = system.eval_clips.evaluated(range(len(system.eval_clips)))
    for place, row in enumerate(row for row in rows if row["used_for"] == "evaluation"):
        heard = system.eval_clips.audio(list(system.eval_clips.ids).index(row["voice"]))
        length = evaluated["voice_lengths"][place]
        assert row["voice"] != row["id"]
        assert evaluated["voice"][place, :length].equal(heard[:length])


def test_what_is_said_names_the_reasons_with_the_first_clips_and_the_tables(project, cantus):
    said = cantus("prepare", "small").out
    lines = dict(line.strip().split("  ", 1) for line in said.splitlines() if "  " in line.strip())
    assert lines["alphabet unknown"].split() == ["1", "anna_02", "([hu])"]
    assert "1  bela_04 (270 tokens, at most 200)" in lines["too many tokens"]
    assert "1  anna_01 (" in lines["unspeakable"]
    assert "8 training" in lines["used"]
    assert "Conditioned on another clip of its speaker: 17 clips" in lines["voices"]
    assert "tables: build/prepared/small/clips.tsv, build/prepared/small/quarantined" in said
    assert any(
        "Conditioned on another clip" in note for note in built(project).dataset_summary.notes
    )


def test_training_makes_nothing_again_that_was_prepared_where_it_could_not_make_the_same(
    project, cantus, monkeypatch
):
    """Another processor fits other centroids: a checkpoint goes on with those of the stage."""
    before = built(project)
    cantus("prepare", "small")
    shutil.rmtree(project.features)

    def other(*_):
        raise AssertionError("made again")

    for name in ("fit_audio_codes", "code_all", "eligible_clips", "scratch_vocabulary"):
        monkeypatch.setattr(f"engine.systems.xtts.data.cached_features.{name}", other)
    after = built(project)
    assert after.data_digest == before.data_digest
    assert after.evaluation_set == before.evaluation_set
    assert after.eligible.left_out == before.eligible.left_out
    for name in ("codes", "tokens"):
        pairs = zip(
            getattr(after.train_clips, name), getattr(before.train_clips, name), strict=True
        )
        assert all(np.array_equal(one, other) for one, other in pairs)
    assert not project.features.exists()


def test_a_phase_takes_what_was_prepared_for_its_parent(project, cantus):
    cantus("prepare", "small")
    shutil.rmtree(project.features)
    child = 'extends = "small.toml"\nname = "later"\n[start]\nfrom = "small"\n'
    (project.recipes / "later.toml").write_text(child)
    recipe = load_recipe(project.recipe("later"), classes=recipe_classes())
    assert project.prepared("small") in features_of(recipe, project).prepared


def test_other_limits_are_prepared_anew_by_training_too(project, cantus):
    cantus("prepare", "small")
    shutil.rmtree(project.features)
    kept = contents(project.prepared("small"))
    path = project.recipe("small")
    path.write_text(path.read_text().replace("max_seconds = 0.9", "max_seconds = 0.8"))
    system = built(project)
    assert system.eligible.counts["too long"] > 1
    assert {file.suffix for file in project.features.iterdir()} >= {".npy", ".npz"}
    assert contents(project.prepared("small")) == kept


def test_a_damaged_file_is_said_and_not_used(project, cantus, caplog):
    cantus("prepare", "small")
    shutil.rmtree(project.features)
    (path,) = project.prepared("small").glob("codes-*.npy")
    path.write_bytes(path.read_bytes()[:-2] + b"xx")
    damaged = path.read_bytes()
    system = built(project)
    assert "is damaged" in caplog.text
    assert (project.features / path.name).read_bytes() != damaged
    assert max(codes.max() for codes in system.train_clips.codes) < 16


def test_the_same_recipe_is_prepared_to_the_same_bytes(project, cantus):
    cantus("prepare", "small")
    first = contents(project.prepared("small"))
    shutil.rmtree(project.prepared("small"))
    shutil.rmtree(project.features)
    cantus("prepare", "small")
    assert contents(project.prepared("small")) == first
    assert len({name.partition("-")[0] for name in first}) == 6  # two tables, four features


SLOW = """
import sys, time
import {module} as module
from engine.cli import main

real, calls = module.{name}, []

def slow(*arguments):
    calls.append(arguments)
    if len(calls) == {call}:
        print("there", flush=True)
        time.sleep(60)
    return real(*arguments)

module.{name} = slow
main(["prepare", "small"])
"""


@pytest.mark.parametrize(
    ("module", "name", "call"),
    [
        ("engine.systems.xtts.data.audio_codes", "as_waveform", 5),
        ("engine.features.prepared", "replace_folder", 1),
    ],
    ids=["in the middle of an array", "before the folder is in place"],
)
def test_a_kill_leaves_what_was_there_and_nothing_half(project, cantus, module, name, call):
    cantus("prepare", "small")
    before, path = contents(project.prepared("small")), project.recipe("small")
    path.write_text(path.read_text().replace("max_seconds = 0.9", "max_seconds = 0.8"))
    script = SLOW.format(module=module, name=name, call=call)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "there\n"
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    assert contents(project.prepared("small")) == before
    assert cantus("prepare", "small").code == 0
    assert [path.name for path in project.prepared("small").parent.iterdir()] == ["small"]
    assert not list(project.features.glob("*.partial"))
    assert {row["reason"] for row in rows_of(project, "quarantined")} >= {"too long"}
    interrupted = contents(project.prepared("small"))
    shutil.rmtree(project.features)
    shutil.rmtree(project.prepared("small"))
    cantus("prepare", "small")
    assert contents(project.prepared("small")) == interrupted


def test_a_recipe_that_needs_none_says_so(project, cantus, recipe):
    (project.recipes / "words.toml").write_text(
        recipe.replace('corpus = "words"', 'corpus = "speech"').replace("upstream = ", "# ")
    )
    answer = cantus("prepare", "words")
    assert answer.code == 2
    assert "needs no preparation" in answer.error


def test_the_help_has_an_example(cantus):
    assert "Examples:\n    cantus prepare " in cantus("prepare", "--help").out
