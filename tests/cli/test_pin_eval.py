import subprocess

import pytest
import soundfile

from engine.corpus import Corpus
from engine.evaluation.clip_table import read_clip_table
from engine.project import Project
from engine.recipe import load_params
from engine.system_support.usage import usage_lines
from tests.made_sounds import RATE_HZ, syllables


def record(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, syllables(seed, 0.5), RATE_HZ)


@pytest.fixture
def words(project, cantus):
    """The corpus 'words' holds twenty recordings, ingested."""
    for number in range(20):
        record(project / f"data/words/{number:02d}.wav", number)
    params = project / "params.toml"
    params.write_text(params.read_text().replace('"builtin"', '"data/words"'))
    assert cantus("ingest", "words").code == 0
    return Project(project)


def use_frozen(project, name):
    path = project.recipes / "words.toml"
    text = path.read_text().replace('corpus = "words"', f'corpus = "words"\nevaluation = "{name}"')
    path.write_text(text)


def usage(project):
    params, corpus = load_params(project.params), Corpus.open(project.corpus("words"))
    return list(usage_lines("words", project, params, corpus))


def test_evaluation_clips_are_written_for_git_to_keep(words, cantus):
    answer = cantus("pin-eval", "words")
    assert answer.code == 0, answer.error
    assert 'evaluation = "words"' in answer.out
    table = read_clip_table(words.frozen_evaluation("words"))
    assert 0 < len(table.ids) < 20
    status = subprocess.run(["git", "status", "-s"], capture_output=True, text=True, check=True)
    assert "evaluation/" in status.stdout


def test_a_frozen_set_stays_while_the_corpus_grows(words, cantus):
    cantus("pin-eval", "words", "--as", "kept")
    use_frozen(words, "kept")
    frozen = read_clip_table(words.frozen_evaluation("kept")).ids
    for number in range(20, 40):
        record(words.root / f"data/words/{number:02d}.wav", number)
    cantus("ingest", "words")
    (said,) = usage(words)
    expected = f"40 found, 40 used, {40 - len(frozen)} training, {len(frozen)} evaluation"
    assert said == f"words: {expected} (the {len(frozen)} frozen clips of kept.tsv)"


def test_a_frozen_clip_that_is_gone_is_named(words, cantus):
    cantus("pin-eval", "words")
    use_frozen(words, "words")
    gone = read_clip_table(words.frozen_evaluation("words")).ids[0]
    (words.root / f"data/words/{gone}.wav").unlink()
    cantus("ingest", "words")
    (said,) = usage(words)
    assert f"(first: {gone})" in said


def test_freezing_the_same_again_changes_nothing_and_others_are_not_lost(words, cantus):
    cantus("pin-eval", "words")
    before = words.frozen_evaluation("words").read_bytes()
    assert cantus("pin-eval", "words").code == 0
    assert words.frozen_evaluation("words").read_bytes() == before
    recipe = words.recipes / "words.toml"
    recipe.write_text(recipe.read_text().replace("[model]", 'split = "random"\n\n[model]', 1))
    answer = cantus("pin-eval", "words")
    assert answer.code == 2
    assert "--replace" in answer.error
    assert words.frozen_evaluation("words").read_bytes() == before
    assert cantus("pin-eval", "words", "--replace").code == 0
    assert words.frozen_evaluation("words").read_bytes() != before


@pytest.mark.parametrize("name", ["../../x", "a/b", "", "é", "a b"])
def test_a_name_that_is_no_word_is_refused(words, cantus, name):
    answer = cantus("pin-eval", "words", "--as", name)
    assert (answer.code, "must be a word" in answer.error) == (2, True)


def test_a_corpus_that_was_not_ingested_says_what_to_do(project, cantus):
    assert "cantus ingest words" in cantus("pin-eval", "words").error


def test_usage_names_every_recipe_of_the_corpus_and_why_one_cannot_be_used(words):
    text = (words.recipes / "words.toml").read_text().replace('name = "words"', 'name = "phase"')
    (words.recipes / "phase.toml").write_text(text + '\n[start]\nfrom = "words"\n')
    phase, own = usage(words)
    assert phase.startswith("phase: start.from = 'words' needs")
    assert "20 found, 20 used, " in own


def test_a_random_split_is_noted_by_check(words, cantus):
    recipe = words.recipes / "words.toml"
    recipe.write_text(recipe.read_text().replace("[model]", 'split = "random"\n\n[model]', 1))
    answer = cantus("check")
    assert answer.code == 0
    assert "metrics of two seeds cannot be compared" in answer.out
    assert "cantus pin-eval words" in answer.out
