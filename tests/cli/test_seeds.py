"""`cantus seeds`: which seeds it trains, keeps and deletes, and what it refuses to write."""

import json

import pytest

from engine.project import Project
from tests.run_folders import units
from tests.seed_projects import train


@pytest.fixture
def kept(words):
    """Keep seeds of `words`, as its recipe trains them."""

    def kept(*seeds, **metrics):
        for seed in seeds:
            train(words, seed, words.seeds("words") / f"seed_{seed}", **metrics)

    return kept


def there(project: Project) -> list[int]:
    folders = project.seeds("words").glob("seed_*")
    return sorted(int(folder.name.removeprefix("seed_")) for folder in folders)


def edit(project: Project) -> None:
    path = project.recipe("words")
    path.write_text(path.read_text().replace("codebook = 1.0", "codebook = 0.5"))


def test_a_recipe_that_is_edited_while_seeds_train_ends_with_2_and_nothing_is_written(
    words, trained, cantus
):
    trained(lambda seed: edit(words) if seed == 1 else None)
    answer = cantus("seeds", "words", "--n", "3")
    assert answer.code == 2
    assert "Seeds of words are not of one recipe, code and data" in answer.error
    assert "(seed 2; what differs: recipe edited (losses.codebook))" in answer.error
    assert there(words) == [1, 2], "seed 3 is not trained in vain"
    assert not (words.seeds("words") / "spread.json").exists()
    trained()
    again = cantus("seeds", "words", "--n", "3")
    assert again.code == 0, again.error
    assert "words: seed 2 has a result; seeds 1 and 3 to train" in again.out
    spread = json.loads((words.seeds("words") / "spread.json").read_text())
    assert spread["seeds"] == [1, 2, 3]
    assert spread["covers"]["settings"]["losses"]["codebook"] == 0.5


def test_seeds_of_other_evaluation_clips_than_the_last_one_are_not_mixed_with_it(
    words, trained, cantus
):
    trained(lambda seed: corrupt(words, seed) if seed == 2 else None)
    answer = cantus("seeds", "words", "--n", "2")
    assert answer.code == 2
    assert "what differs: evaluation clips" in answer.error
    assert not (words.seeds("words") / "spread.json").exists()


def corrupt(project: Project, seed: int) -> None:
    """Let a run have been evaluated on other clips than those before, as after `pin-eval`."""
    path = project.model(f"words_seed{seed}") / "run.json"
    about = json.loads(path.read_text())
    about["covers"]["evaluation_set"] = "cd" * 32
    path.write_text(json.dumps(about))


def test_seeds_that_count_are_deleted_only_where_a_number_asks_for_fewer(
    words, trained, kept, cantus
):
    trained()
    kept(*range(1, 8))
    answer = cantus("seeds", "words")
    assert answer.code == 0, answer.error
    assert "words: seeds 1 to 7 have a result\n" in answer.out
    assert there(words) == [1, 2, 3, 4, 5, 6, 7]
    words.params.write_text(words.params.read_text().replace("seed = 1\n", "seed = 101\n"))
    assert cantus("seeds", "words").code == 0
    assert there(words) == [1, 2, 3, 4, 5, 6, 7], "another seed in params.toml deletes none"
    fewer = cantus("seeds", "words", "--n", "3")
    said = "seeds 1 to 3 have a result; seeds 4 to 7 to delete, because --n 3 asks for fewer"
    assert said in fewer.out
    assert there(words) == [1, 2, 3]
    more = cantus("seeds", "words", "--n", "4")
    assert "seed 101 to train" in more.out
    assert there(words) == [1, 2, 3, 101]


def test_seeds_of_another_recipe_beyond_the_number_are_named_before_they_are_deleted(
    words, trained, kept, cantus
):
    trained()
    kept(1, 2, 3)
    edit(words)
    answer = cantus("seeds", "words")
    why = "it does not count (recipe edited (losses.codebook))"
    assert f"words: seed 3 to delete, because {why}; seeds 1 and 2 to train" in answer.out
    assert there(words) == [1, 2]


@pytest.mark.parametrize(
    "metrics",
    [{"scale": {}}, units("rmse_db", programs={"attrs": "0.0.1"})],
    ids=["unknown", "another version"],
)
def test_seeds_of_an_unknown_unit_or_another_version_are_trained_again(
    words, trained, kept, cantus, metrics
):
    trained()
    kept(1)
    kept(2, **metrics)
    answer = cantus("seeds", "words")
    assert "words: seed 1 has a result; seed 2 to train" in answer.out
    assert answer.code == 0, answer.error
    again = json.loads((words.seeds("words") / "seed_2/metrics.json").read_text())
    assert again["scale"]["rmse_db"] == units("rmse_db")["scale"]["rmse_db"]
