"""`cantus compare`: the command, and runs that it cannot compare."""

import pytest

from tests.compared import HARD, run_of


@pytest.fixture
def two(project):
    """Models of two phases in a project."""
    for number, name in enumerate(("xtts_phase1", "xtts_phase2"), start=0):
        run_of(project / "models" / name, name, {"mel_ce": HARD - 0.2 * number})


@pytest.mark.usefixtures("two")
def test_it_writes_one_page_and_prints_where_it_is_and_which_to_use(project, cantus):
    answer = cantus("compare", "xtts_phase1", "models/xtts_phase2")
    path, verdict = answer.out.splitlines()
    assert path == str(project / "compare" / "xtts_phase1_xtts_phase2.html")
    assert verdict.startswith(
        "Use xtts_phase2: its weights are better than those of xtts_phase1. By eval/mel_ce ("
    )
    assert [one.name for one in (project / "compare").iterdir()] == ["xtts_phase1_xtts_phase2.html"]


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (["xtts_phase1"], "A page compares 2 to 6 runs; 1 were named."),
        (["xtts_phase1", "xtts_phase1"], "xtts_phase1 is named twice."),
        (["xtts_phase1", "nobody"], "Neither a recipe nor a finished run is called 'nobody'"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_leaves_nothing(project, cantus, runs, said):
    answer = cantus("compare", *runs)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.error
    assert not (project / "compare").exists()


@pytest.mark.usefixtures("two")
def test_a_recipe_that_cannot_be_read_is_named_with_its_fault(project, cantus):
    recipe = project / "models" / "xtts_phase2" / "recipe.toml"
    recipe.write_text(recipe.read_text() + "\n[nonsense]\nvalue = 1\n")
    answer = cantus("compare", "xtts_phase1", "xtts_phase2")
    assert answer.code == 2
    assert "models/xtts_phase2/recipe.toml" in answer.error
    assert "nonsense" in answer.error


@pytest.mark.usefixtures("two")
def test_damaged_events_are_a_sentence(project, cantus):
    events = project / "models" / "xtts_phase2" / "events.jsonl"
    line = '{"kind": "sample", "step": 1, "facts": {"samples": [{"name": 7}]}}\n'
    events.write_text(events.read_text() + line)
    answer = cantus("compare", "xtts_phase1", "xtts_phase2")
    assert answer.code == 2
    assert "The events of one of the runs are damaged" in answer.error
