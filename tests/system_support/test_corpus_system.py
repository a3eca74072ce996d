"""What follows from a corpus alone, and what a system that has no more than that gives."""

import shutil

import numpy as np
import pytest
import soundfile
from attrs import evolve, frozen

from engine.corpus import ingest
from engine.corpus.licence import Licence, write_licence
from engine.errors import UserError
from engine.project import Project
from engine.recipe import load_params
from engine.recipe.dataset import CorpusClips
from engine.recipe.fields import setting
from engine.recipe.params import Work
from engine.recipe.schema import Recipe, Training
from engine.split.columns import columns_of
from engine.split.split_clips import split_around
from engine.system_support import build as module
from engine.system_support.build import build_system
from engine.system_support.corpus_clips import CorpusClipSet
from engine.system_support.corpus_system import (
    CorpusSystem,
    SplitCorpus,
    open_corpus,
    split_corpus,
)
from tests.made_sounds import syllables

PARAMS = """
seed = 1
profile = "full"
[hardware]
device = "cpu"
num_threads = 1
[corpora.words]
source = "data/words"
sample_rates_hz = [8000]
at_most_bad = 0.2
"""
LICENCE = Licence(licence="CC-BY-4.0", attribution="Copyright Anna", source="an album")


@frozen(kw_only=True)
class Dataset(CorpusClips):
    sample_rate_hz: int = setting("rate", default=8_000)
    seconds: float = setting("length", default=1.0)


@frozen(kw_only=True)
class ToyRecipe(Recipe):
    turns = ("toy",)
    metrics = {"eval/error": "none"}  # noqa: RUF012
    dataset: Dataset = setting("clips")
    model: None = setting("none", default=None)
    losses: None = setting("none", default=None)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root, random = tmp_path_factory.mktemp("toy"), np.random.default_rng(0)
    for number in range(10):
        path = root / "data/words" / f"speaker{number % 5}" / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, random.normal(0, 0.1, 8_000), 8_000)
    (root / "data/words/broken.wav").write_text("no audio")
    write_licence(LICENCE, root / "data/words")
    (root / "params.toml").write_text(PARAMS)
    made = Project(root)
    ingest("words", load_params(made.params).corpora["words"], made, work=Work(num_workers=1))
    return made


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A corpus with five copies of a file, and one of another level."""
    root = tmp_path_factory.mktemp("copied")
    folder = root / "data/words"
    folder.mkdir(parents=True)
    for number in range(9):
        soundfile.write(folder / f"{number}.wav", syllables(number), 8_000)
    for number in range(5):
        shutil.copy2(folder / "0.wav", folder / f"copy{number}.wav")
    soundfile.write(folder / "quiet.wav", 0.7 * syllables(3), 8_000)
    (root / "params.toml").write_text(PARAMS)
    made = Project(root)
    ingest("words", load_params(made.params).corpora["words"], made, work=Work(num_workers=1))
    return made


@pytest.fixture
def recipe():
    return ToyRecipe(
        schema=2,
        name="toy",
        system="toy",
        summary="a test",
        dataset=Dataset(corpus="words", split="random", eval_share=0.3),
        optimizer={},
        training=Training(steps=1, batch_size=2, best="eval/error"),
    )


@pytest.fixture
def make(project, recipe):
    """A system of the corpus's clips at these rows, and of a recipe with other settings."""

    def make(rows=None, notes=(), batch_size=2, **dataset):
        own = evolve(recipe, dataset=evolve(recipe.dataset, **dataset))
        own = evolve(own, training=evolve(own.training, batch_size=batch_size))
        corpus = open_corpus(own, project)
        data = split_corpus(own, project, corpus, 1, rows, notes)
        return CorpusSystem(own, data, CorpusClipSet.of_corpus(corpus, rows))

    return make


def test_the_licence_of_the_corpus_stands_in_the_report_of_what_is_trained_on_it(make):
    said = "Licence of corpus words: CC-BY-4.0. Copyright Anna. Source: an album"
    assert make().dataset_summary.notes == (said,)


def test_many_copies_in_a_corpus_are_warned_of(copied, recipe):
    corpus = open_corpus(recipe, copied)
    rows, clips = np.arange(len(corpus.manifest.clips)), corpus.manifest.clips
    columns = columns_of(clips, corpus.fingerprints(rows))
    held_out = np.array([[clip.id for clip in clips].index("3")])
    data = SplitCorpus(corpus, rows, split_around(columns, held_out, recipe.dataset, ""), len(rows))
    system = CorpusSystem(recipe, data, CorpusClipSet.of_corpus(corpus))
    files, copies = system.dataset_summary.warnings
    assert files.startswith("5 of the 15 files of corpus 'words' are copies of another file")
    assert "cantus ingest words lists them" in files
    assert "evaluation clips are in corpus 'words' again, as copies of another level" in copies


def test_both_sets_hold_the_clips_of_the_split(make):
    system = make()
    train, evaluation = system.train_clips, system.eval_clips
    clips = system.corpus.manifest.clips
    for chosen, places in ((train, system.split.train), (evaluation, system.split.evaluation)):
        assert list(chosen.ids) == [clips[place].id for place in places.tolist()]
    assert sorted([*train.ids, *evaluation.ids]) == sorted(clip.id for clip in clips)
    summary = system.dataset_summary
    assert (summary.training, summary.evaluation) == (len(train), len(evaluation))
    assert (summary.found, summary.used, sum(summary.quarantined.values())) == (11, 10, 1)


def test_clips_that_may_not_be_used_are_in_neither_set(make):
    rows = np.array([0, 2, 3, 5, 8, 9])
    system = make(rows)
    chosen = np.concatenate([system.train_clips.rows, system.eval_clips.rows])
    assert sorted(chosen.tolist()) == rows.tolist()
    labels = system.evaluation_labels("speaker")
    clips = system.corpus.manifest.clips
    assert labels == [clips[row].speaker or "clip" for row in system.eval_clips.rows.tolist()]


def test_fewer_training_clips_than_a_batch_are_refused_with_what_was_left_out(make):
    with pytest.raises(UserError) as caught:
        make(np.arange(4), ["Left out, too long: 6."], batch_size=8)
    said = str(caught.value)
    assert "training clips, fewer than a batch of 8. Left out, too long: 6. Add clips or" in said


def test_a_corpus_that_was_not_ingested_is_named(project, recipe):
    other = evolve(recipe, dataset=evolve(recipe.dataset, corpus="music"))
    with pytest.raises(UserError, match="Run 'cantus ingest music'"):
        open_corpus(other, project)


def test_another_way_to_cut_clips_is_another_evaluation_set_and_another_split_rule_is_not(make):
    assert make().evaluation_set == make().evaluation_set
    assert make().evaluation_set != make(seconds=2.0).evaluation_set
    assert make().evaluation_set == make(num_train_clips=3).evaluation_set
    assert make().evaluation_set != make(num_eval_clips=1).evaluation_set


def test_each_metric_has_a_unit_with_the_rate_and_what_brought_recordings_to_it(make):
    system = make()
    assert system.metric_units.keys() == {"error"}
    unit = system.metric_units["error"]
    assert unit.definition == "toy/error 1"
    assert (unit.sample_rate_hz, unit.resampler) == (8_000, "")
    slower = make()
    slower.recipe = evolve(
        slower.recipe, dataset=evolve(system.recipe.dataset, sample_rate_hz=4_000)
    )
    assert slower.metric_units["error"].resampler == system.corpus.resampler


def test_parts_that_a_system_does_not_have_are_empty_and_published_weights_refused(make, tmp_path):
    system = make()
    assert system.baselines().metrics == {}
    assert list(system.samples(tmp_path, 4)) == []
    system.export(tmp_path / "export")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="the system 'toy' reads no published weights"):
        system.load_published(tmp_path / "weights.pth")


def test_a_system_that_lacks_what_training_needs_is_refused(make, project, recipe, monkeypatch):
    monkeypatch.setattr(module, "part_of", lambda *_: module)
    monkeypatch.setattr(module, "build", lambda *_: make(), raising=False)
    with pytest.raises(UserError, match="'toy' lacks evaluate, module, preflight, turns: add them"):
        build_system(recipe, project, load_params(project.params))
