"""What `cantus sweep` says before anything is queued; the queue is DVC's."""

import subprocess
import sys

import pytest


@pytest.fixture
def at_random(project):
    """The project's recipe, with evaluation clips drawn at random."""
    path = project / "recipes/words.toml"
    path.write_text(path.read_text().replace("[dataset]", '[dataset]\nsplit = "random"'))
    return project


def test_seeds_that_would_move_the_evaluation_set_are_refused(at_random, cantus):
    answer = cantus("sweep", "words", "-S", "training.batch_size=2,4", "--seeds", "2", "--yes")
    assert answer.code == 2
    assert "cantus pin-eval words --as words_set" in answer.error


def test_faults_of_any_point_are_named_before_one_is_trained(project, cantus):
    answer = cantus("sweep", "words", "-S", "training.batch_size=2,none", "--yes")
    assert answer.code == 2
    assert "-S training.batch_size=none" in answer.error
    missing = cantus("sweep", "words", "-S", "training.batch_sise=2,4", "--yes")
    assert "batch_size" in missing.error


def test_more_points_than_anyone_waits_for_are_refused(project, cantus):
    answer = cantus("sweep", "words", "-S", "losses.codebook=linear(0.0,1.0,500)")
    assert "500 points" in answer.error
    assert "--random" in answer.error


def test_without_a_result_the_table_says_what_was_not_trained(project, cantus):
    subprocess.run(["git", "init", "-q", "."], cwd=project, check=True)
    dvc = [sys.executable, "-m", "dvc", "init", "-q", "--subdir"]
    subprocess.run(dvc, cwd=project, check=False)
    answer = cantus("sweep", "words", "-S", "training.batch_size=2", "--results")
    assert answer.code == 0, answer.error
    assert "words with training.batch_size=2" in answer.out
    assert "it was not trained yet" in answer.out
    assert (project / "build/sweeps/words/results.html").is_file()
