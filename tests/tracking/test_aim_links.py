import base64
import json
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from engine.errors import UserError
from engine.tracking.aim_links import comparison_link
from engine.tracking.aim_repository import repository_in
from engine.tracking.aim_state import MirrorState, write_state


def decode(word: str) -> dict:
    assert word.startswith("O-")
    padded = word[2:] + "=" * (-len(word[2:]) % 4)
    return json.loads(unquote(base64.urlsafe_b64decode(padded).decode()))


def hold(repo, run_hash: str, recipe: str, started: float) -> None:
    write_state(repository_in(repo), run_hash, MirrorState(run_hash, recipe, "rmse_db", started, 0))


def test_the_link_compares_the_newest_runs_of_the_two_recipes_that_ran_last(tmp_path):
    runs = [("a1", "audio_vae", 4.0), ("b1", "other", 1.0), ("p1", "audio_vae_plus", 2.0)]
    for run in [*runs, ("p0", "audio_vae_plus", 1.5), ("a0", "audio_vae", 3.0)]:
        hold(tmp_path, *run)
    link = comparison_link("http://127.0.0.1:43800", repository_in(tmp_path), tmp_path)
    parts = parse_qs(urlsplit(link).query)
    assert decode(parts["select"][0]) == {
        "advancedMode": True,
        "advancedQuery": "run.hash in ['a1', 'p1'] and metric.name in ['loss', 'rmse_db']",
    }
    assert link.startswith("http://127.0.0.1:43800/metrics?")


def test_recipes_differ_in_colour_and_metrics_in_chart(tmp_path):
    hold(tmp_path, "a1", "audio_vae", 1.0)
    parts = parse_qs(urlsplit(comparison_link("", repository_in(tmp_path), tmp_path)).query)
    grouping = decode(parts["grouping"][0])
    assert (grouping["color"], grouping["chart"]) == (["run.props.name"], ["name"])


def test_runs_of_other_projects_in_the_same_repository_are_left_out(tmp_path):
    repo = repository_in(tmp_path)
    for name, project in (("a", "/mine"), ("b", "/others"), ("c", "")):
        write_state(repo, name, MirrorState(name, name, "rmse_db", 1.0, project=project))
    parts = parse_qs(urlsplit(comparison_link("", repo, Path("/mine"))).query)
    assert "run.hash in ['a', 'c']" in decode(parts["select"][0])["advancedQuery"]


def test_without_a_run_the_error_says_to_train(tmp_path):
    with pytest.raises(UserError, match="dvc repro"):
        comparison_link("", repository_in(tmp_path), tmp_path)
