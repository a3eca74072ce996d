"""Real files of two finished runs, compared."""

import numpy as np
import pytest

from engine.errors import UserError
from engine.project import Project
from engine.report.paired_runs import compare_runs
from engine.system_support.finished_run import finished_run, run_files
from tests.run_folders import make_finished, units

NOISE = np.where(np.arange(60) % 2, 0.21, -0.2)
CLIPS = np.linspace(1.0, 9.0, 60)


@pytest.fixture
def compared(tmp_path):
    """Compare two runs given by the figures of their clips, and what else they keep."""

    def compared(ours, theirs, more=(), less=(), name="xtts_phase1", other=None):
        left = make_finished(tmp_path / "a", ours, recipe=name, **dict(more))
        right = make_finished(tmp_path / "b", theirs, recipe=other or name, **dict(less))
        return compare_runs(run_files("a", left), run_files("b", right))

    return compared


def test_each_metric_has_its_interval_and_its_better_side(compared):
    mine = {"mel_ce": CLIPS - 0.5 + NOISE, "mel_accuracy": CLIPS - 0.5 + NOISE, "stop_ce": CLIPS}
    found = compared(mine, dict.fromkeys(mine, CLIPS))
    outcomes = {metric: one.outcome for metric, one in found.compared.items()}
    assert outcomes == {
        "eval/mel_ce": "better",
        "eval/mel_accuracy": "worse",
        "eval/stop_ce": "undecided",
    }
    assert found.compared["eval/mel_ce"].sentence() == (
        "-0.495 (95 % CI -0.548 to -0.442, 60 clips): better"
    )
    assert not found.left_out


def test_what_picks_the_best_comes_first(compared):
    mine = {"stop_ce": CLIPS, "mel_ce": CLIPS}
    assert [*compared(mine, mine).compared] == ["eval/mel_ce", "eval/stop_ce"]


def test_a_metric_without_a_better_side_is_higher_or_lower(compared):
    name = "mel_ce_increase_wrong_voice"
    found = compared({name: CLIPS + 1.0}, {name: CLIPS}).compared[f"eval/{name}"]
    assert (found.outcome, found.sentence()[-6:]) == (None, "higher")


def test_numbered_metrics_have_the_better_side_of_their_family(compared):
    name = "quantizers_4/si_sdr_db"
    mine, theirs = {name: CLIPS + 1.0}, {name: CLIPS}
    found = compared(mine, theirs, name="codec_dac_paper").compared[f"eval/{name}"]
    assert found.outcome == "better"


def test_clips_are_paired_by_their_audio_not_by_their_row(compared):
    order = np.random.default_rng(0).permutation(60)
    found = compared({"mel_ce": CLIPS}, {"mel_ce": CLIPS}, {"order": order})
    assert found.compared["eval/mel_ce"].difference.mean == pytest.approx(0.0, abs=1e-6)


def reason(found, metric="eval/mel_ce"):
    assert metric not in found.compared
    return found.left_out[metric]


def test_why_a_metric_is_not_compared_is_said(compared):
    mine = {"mel_ce": CLIPS}
    other_set = compared(mine, mine, less={"evaluation_set": "cd" * 32})
    assert reason(other_set) == (
        "they are not of the same evaluation clips (set abababab and set cdcdcdcd)"
    )
    assert "set unknown" in reason(compared(mine, mine, less={"evaluation_set": None}))
    unit = compared(mine, mine, {"scale": {"mel_ce": "ab"}})
    assert reason(unit).startswith("they are measured differently (unit ab and unit ")
    older = compared(mine, mine, {"scale": {}})
    assert reason(older).startswith(
        "nothing says how a measured it, as in files of an older Cantus"
    )
    assert reason(compared({"stop_ce": CLIPS}, mine)) == "a does not measure it"
    no_number = compared({"mel_ce": np.where(CLIPS > 8.0, np.nan, 1.0)}, mine)
    assert reason(no_number) == "a clip has no finite figure"
    assert reason(compared({"mel_ce": [1.0]}, {"mel_ce": [2.0]})) == "one clip is too few"
    fewer = compared({"mel_ce": CLIPS[:-1]}, mine)
    assert reason(fewer) == "their figures are not of the same clips"


def test_a_figure_of_all_clips_together_is_not_compared(compared):
    values = {"eval": {"mel_ce": 1.0, "codes": 100}} | units("mel_ce", "codes")
    found = compared({"mel_ce": CLIPS}, {"mel_ce": CLIPS}, values, values)
    assert found.left_out == {"eval/codes": "it is one figure for all clips"}


def test_runs_of_two_systems_are_not_compared_though_a_metric_has_the_same_name(compared):
    mine = {"mel": CLIPS}
    assert "different systems, xtts and codec" in reason(
        compared(mine, mine, other="codec_dac_paper"), "eval/mel"
    )


def test_figures_of_clips_that_one_run_lacks_are_missed_by_name(tmp_path, compared):
    compared({"mel_ce": CLIPS}, {"mel_ce": CLIPS})
    (tmp_path / "b" / "evaluation" / "clips.tsv").unlink()
    found = compare_runs(run_files("a", tmp_path / "a"), run_files("b", tmp_path / "b"))
    assert reason(found) == "b keeps no figure of each clip"


def test_sentences_are_compared_even_where_the_evaluation_sets_differ(tmp_path):
    """Figures of sentences that both speak do not depend on the evaluation clips."""
    runs = []
    for name, change in (("a", 1.0), ("b", 0.0)):
        figures = {"speech/similarity": CLIPS + change}
        folder = make_finished(
            tmp_path / name,
            figures,
            table="judged",
            evaluation_set=name,
            eval={"speech": {"similarity": 1.0}},
        )
        runs.append(run_files(name, folder))
    assert compare_runs(*runs).compared["eval/speech/similarity"].outcome == "better"


def test_a_run_that_did_not_finish_is_refused_by_name(tmp_path):
    with pytest.raises(UserError, match="Neither a recipe nor a finished run is called 'nothing'"):
        finished_run(Project(tmp_path), "nothing")


def test_a_run_is_found_by_its_recipe_and_by_its_folder(tmp_path):
    project, figures = Project(tmp_path), {"mel_ce": CLIPS}
    run = project.runs("xtts_phase1") / "3f9c2ab81d04"
    for folder in (project.model("xtts_phase1"), run / "model"):
        make_finished(folder, figures)
    assert finished_run(project, "xtts_phase1").name == "xtts_phase1"
    assert finished_run(project, str(run)).name == "xtts_phase1/3f9c2ab81d04"


def test_damaged_metrics_are_named(compared, tmp_path):
    compared({"mel_ce": CLIPS}, {"mel_ce": CLIPS})
    (tmp_path / "a" / "metrics.json").write_text("{")
    with pytest.raises(UserError, match=r"a/metrics\.json is damaged"):
        compare_runs(run_files("a", tmp_path / "a"), run_files("b", tmp_path / "b"))
