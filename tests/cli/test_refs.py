import subprocess
import tomllib


def test_it_says_which_refs_it_refreshed_and_then_that_all_is_well(project, cantus):
    (project / "metrics").mkdir()
    (project / "metrics" / "words.json").write_text("{}")
    assert cantus("refs").out == "refreshed: words\n"
    command = ["git", "-C", str(project), "show", "words:recipe.toml"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert tomllib.loads(shown)["dataset"]["corpus"] == "words"
    assert cantus("refs").out == "everything was up to date\n"


def test_commands_that_show_results_refresh_them_and_go_on_where_git_is_missing(
    project, cantus, monkeypatch
):
    (project / "metrics").mkdir()
    (project / "metrics" / "words.json").write_text('{"x": 1}')
    cantus("why", "words")
    command = ["git", "-C", str(project), "show", "words:metrics.json"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b'{"x": 1}'
    (project / "metrics" / "words.json").write_text('{"x": 2}')
    monkeypatch.setenv("PATH", str(project))
    said = cantus("why", "words").error
    note = "note: `dvc metrics diff RECIPE RECIPE` may show old figures: The program 'git' is not"
    assert note in said
    assert "has no run here" in said


def test_help_has_an_example(cantus):
    assert "dvc metrics diff audio_vae audio_vae_plus\n" in cantus("refs", "--help").out
