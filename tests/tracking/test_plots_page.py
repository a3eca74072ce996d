import json
import subprocess
import sys

import pytest

from engine.project import Project
from engine.tracking import plots_page
from engine.tracking.plots_page import draw_offline
from tests.chromium import opened


@pytest.fixture
def project(tmp_path):
    """A folder with DVC's settings, as `dvc init` leaves them."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    return Project(tmp_path)


def local(project):
    file = project.root / ".dvc" / "config.local"
    return file.read_text() if file.is_file() else None


def test_the_page_holds_its_scripts_and_git_passes_over_it(project):
    assert draw_offline(project) is None
    folder = project.root / ".dvc" / "cantus"
    page = (folder / "plots.html").read_text()
    assert "cdn" not in page
    assert "<script src" not in page
    assert [page.count(f"{{{name}}}") for name in ("plot_divs", "refresh_tag", "scripts")] == [
        1, 1, 0,
    ]  # fmt: skip
    assert (folder / ".gitignore").read_text() == "*\n"
    assert local(project) == "[plots]\n    html_template = cantus/plots.html\n"


def test_a_page_that_is_there_is_left_and_one_that_was_deleted_is_made_again(project):
    draw_offline(project)
    page = project.root / ".dvc" / "cantus" / "plots.html"
    page.write_text("mine")
    draw_offline(project)
    assert page.read_text() == "mine"
    page.unlink()
    draw_offline(project)
    assert page.is_file()
    assert local(project).count("html_template") == 1


@pytest.mark.parametrize("name", ["config", "config.local"])
def test_a_page_that_the_user_chose_stays(project, name):
    (project.root / ".dvc" / name).write_text("[plots]\n    html_template = mine.html\n")
    before = local(project)
    draw_offline(project)
    assert local(project) == before
    assert not (project.root / ".dvc" / "cantus").exists()


def test_other_settings_of_the_checkout_stay(project):
    file = project.root / ".dvc" / "config.local"
    file.write_text("[plots]\n    auto_open = true\n[cache]\n    dir = /data\n")
    draw_offline(project)
    assert file.read_text() == (
        "[plots]\n    html_template = cantus/plots.html\n    auto_open = true\n"
        "[cache]\n    dir = /data\n"
    )


def test_without_dvc_or_the_wheel_nothing_is_done(project, tmp_path_factory, monkeypatch):
    bare = tmp_path_factory.mktemp("bare")
    assert draw_offline(Project(bare)) is None
    assert not [*bare.iterdir()]
    monkeypatch.setattr(plots_page, "_WHEEL", "no_such_wheel")
    assert draw_offline(project) is None
    assert local(project) is None


def test_changed_scripts_are_not_used(project, monkeypatch):
    monkeypatch.setitem(plots_page._SCRIPTS, "vega5.js", "0" * 64)
    assert "were changed" in draw_offline(project)
    assert local(project) is None


@pytest.mark.slow
def test_dvc_draws_the_curves_of_two_revisions_without_a_network(project):
    def run(*words):
        done = subprocess.run(words, cwd=project.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def commit(values):
        rows = "".join(f"{step},{value}\n" for step, value in enumerate(values))
        (project.root / "eval.csv").write_text(f"step,mel_ce\n{rows}")
        run("git", "add", ".")
        run("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x")

    run("git", "init", "-q")
    plots = [{"mel_ce": {"x": "step", "y": {"eval.csv": "mel_ce"}}}]
    (project.root / "dvc.yaml").write_text(json.dumps({"plots": plots}))
    commit([5.0, 3.0, 2.0])
    commit([4.0, 2.0, 1.0])
    draw_offline(project)
    run(sys.executable, "-m", "dvc", "plots", "diff", "HEAD~1", "HEAD")
    with opened(project.root / "dvc_plots" / "index.html") as page:
        page.wait_for_selector("canvas, svg")
        assert page.locator(".vega-embed").count() == 1
