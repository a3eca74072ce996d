import hashlib

import pytest

from engine.corpus.table.manifest import Clip
from engine.errors import UserError
from engine.evaluation.clip_table import ClipTable, write_clip_table
from engine.evaluation.digests import as_digests
from engine.project import Project
from engine.recipe.training import Start
from engine.split.select import choose_clips
from tests.training.toy import ToyDataset, toy_recipe


def clip(number, name=None):
    return Clip(
        id=name or f"clip{number}",
        path=f"{number}.wav",
        sha256=hashlib.sha256(str(number).encode()).hexdigest(),
        num_frames=16_000,
        sample_rate_hz=16_000,
        num_channels=1,
        peak=0.5,
        rms_dbfs=-20.0,
    )


def clips(*numbers):
    return [clip(number) for number in numbers]


def table(clips):
    return ClipTable(tuple(c.id for c in clips), as_digests(c.sha256 for c in clips))


@pytest.fixture
def project(tmp_path):
    """A project in which `base` was trained, evaluated on clips 0 to 3, and which were frozen."""
    project = Project(tmp_path)
    write_clip_table(project.evaluation_clips("base"), table(clips(0, 1, 2, 3)))
    write_clip_table(project.frozen_evaluation("kept"), table(clips(0, 1, 2, 3)))
    return project


def choose(project, found, *, evaluation=None, start=None, seed=1, **rule):
    dataset = ToyDataset(corpus="made up", evaluation=evaluation, **rule)
    recipe = toy_recipe(dataset=dataset, start=start, name="child")
    split = choose_clips(recipe, project, found, seed)
    return (
        [found[row].id for row in split.train],
        [found[row].id for row in split.evaluation],
        split,
    )


PHASE = Start(from_="base")


def test_a_phase_is_evaluated_on_its_parents_clips_and_trains_on_everything_else(project):
    train, evaluation, split = choose(project, clips(*range(40)), start=PHASE)
    assert evaluation == ["clip0", "clip1", "clip2", "clip3"]
    assert train == [f"clip{number}" for number in range(4, 40)]
    assert split.how == "the 4 evaluation clips of base, inherited"


def test_clips_are_known_by_their_audio_whatever_they_are_called(project):
    found = [clip(2, "renamed"), *clips(7, 8, 9), clip(2, "renamed again")]
    train, evaluation, _ = choose(project, found, start=PHASE)
    assert evaluation == ["renamed"]
    assert train == ["clip7", "clip8", "clip9"]


def test_a_part_of_the_parents_clips_is_said_to_be_another_set(project):
    _, evaluation, split = choose(project, clips(*range(2, 40)), start=PHASE)
    assert evaluation == ["clip2", "clip3"]
    assert split.how.startswith("2 of the 4 evaluation clips of base, inherited")
    assert "(first: clip0, clip1)" in split.how
    assert "cannot be compared" in split.how


def test_a_phase_on_other_clips_takes_its_own_split_and_says_so(project):
    _, evaluation, split = choose(project, clips(*range(10, 60)), start=PHASE)
    assert evaluation
    assert split.how.startswith(
        "none of the 4 evaluation clips of base is in this corpus, so record"
    )


def test_a_phase_may_ask_for_its_own_split(project):
    own = choose(project, clips(*range(40)), start=Start(from_="base", evaluation="own"))
    assert own[1] == choose(project, clips(*range(40)))[1] != ["clip0", "clip1", "clip2", "clip3"]


def test_a_parent_that_was_never_trained_is_named_with_the_command(project):
    with pytest.raises(UserError, match="dvc repro other"):
        choose(project, clips(*range(40)), start=Start(from_="other"))


def test_a_frozen_set_stays_while_the_corpus_grows_and_wins_over_the_parents(project):
    write_clip_table(project.frozen_evaluation("kept"), table(clips(5, 6)))
    for found in (clips(*range(40)), clips(*range(4000))):
        train, evaluation, _ = choose(project, found, evaluation="kept", start=PHASE)
        assert evaluation == ["clip5", "clip6"]
        assert len(train) == len(found) - 2


def test_a_frozen_set_does_not_move_with_the_seed(project):
    chosen = [
        choose(project, clips(*range(40)), evaluation="kept", split="random", seed=seed)[1]
        for seed in (1, 2)
    ]
    assert chosen[0] == chosen[1]
    drawn = [choose(project, clips(*range(40)), split="random", seed=seed) for seed in (1, 2)]
    assert drawn[0][1] != drawn[1][1]
    assert "another seed draws another evaluation set" in drawn[0][2].how


def test_a_frozen_clip_that_is_missing_is_an_error_that_names_it(project):
    with pytest.raises(UserError, match=r"1 of the 4 frozen .*\(first: clip3\)"):
        choose(project, clips(*range(3), *range(10, 40)), evaluation="kept")


def test_a_frozen_set_that_does_not_exist_says_how_to_write_it(project):
    with pytest.raises(UserError, match="cantus pin-eval RECIPE --as other"):
        choose(project, clips(*range(40)), evaluation="other")
