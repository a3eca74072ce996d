"""Which run a page says to use: from the differences clip by clip, and nothing else."""

import numpy as np
import pytest

from engine.errors import UserError
from engine.report.compare.metrics import metric_rows
from engine.report.compare.page import advice_in_words
from engine.report.compare.runs import compared_runs
from engine.report.compare.verdict import advise
from engine.report.paired_runs import compare_runs
from engine.report.paired_words import conclude
from engine.tracking.events import Event
from tests.compared import HARD, NUM_CLIPS, opened_run, phases, run_of
from tests.run_folders import add_events, resolved_recipe, start


def test_a_phase_that_is_better_is_to_be_used_and_the_interval_says_why(tmp_path):
    (one,) = advise(phases(tmp_path, change=-0.2))
    assert one.say == "Use xtts_phase2: its weights are better than those of xtts_phase1."
    assert one.why[0].count("lower is better") == 1
    assert (
        "lower is better) xtts_phase2 has 1.299, xtts_phase1 1.5: a mean difference" in one.why[0]
    )
    assert (
        "(xtts_phase2 minus xtts_phase1) of -0.2006 (95 % CI -0.2035 to -0.1977 over 2 "
        "comparisons, 40 clips): better." in one.why[0]
    )


def test_of_two_phases_that_cannot_be_told_apart_the_parent_is_kept(tmp_path):
    (one,) = advise(phases(tmp_path, change=0.0, noise=0.1))
    assert one.say == "Keep xtts_phase1: the weights of xtts_phase2 are not shown to be better."


@pytest.mark.parametrize("phase_first", [False, True])
def test_a_phase_that_won_by_many_looks_gives_way_to_its_parent_as_in_its_verdict(
    tmp_path, phase_first
):
    noise = np.random.default_rng(0).standard_normal(NUM_CLIPS)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    later = HARD + 0.1 * noise - 0.1 * 2.2 / NUM_CLIPS**0.5  # t = 2.2, p = 0.034
    pair = [
        run_of(tmp_path / "xtts_phase1", "xtts_phase1", {"mel_ce": HARD}),
        run_of(tmp_path / "xtts_phase2", "xtts_phase2", {"mel_ce": later}),
    ]
    (one,) = advise(compared_runs(pair[::-1] if phase_first else pair))
    assert one.say == "Keep xtts_phase1: the weights of xtts_phase2 are not shown to be better."
    assert one.why[0].endswith("over 2 comparisons, 40 clips): indistinguishable from noise.")
    said = next(conclude(compare_runs(pair[1], pair[0]), "eval/mel_ce"))
    assert said.startswith("The weights of xtts_phase2 are not shown to be better or worse")
    assert said.endswith("over 2 comparisons, 40 clips).")


def test_a_phase_that_is_worse_loses_to_its_parent(tmp_path):
    compared = phases(tmp_path, change=0.2)
    (one,) = advise(compared)
    assert one.say == "Use xtts_phase1: its weights are better than those of xtts_phase2."
    (row,) = [row for row in metric_rows(compared) if row.decides]
    assert [cell.is_better for cell in row.cells] == [True, False]


def test_the_better_value_is_marked_only_where_the_interval_says_so(tmp_path):
    rows = metric_rows(phases(tmp_path, change=0.001, noise=0.1))
    (row,) = [row for row in rows if row.decides]
    assert [(cell.is_better, cell.is_worse) for cell in row.cells] == [(False, False)] * 2
    assert row.cells[1].difference.startswith("-0.005 (")


def test_two_that_no_figure_parts_and_of_which_none_continues_the_other_have_no_winner(tmp_path):
    noise = 0.1 * np.random.default_rng(0).standard_normal(NUM_CLIPS)
    folders = tmp_path / "a", tmp_path / "b"
    pair = zip(folders, (HARD, HARD + noise), strict=True)
    runs = [run_of(folder, "xtts_phase1", {"mel_ce": figures}) for folder, figures in pair]
    (one,) = advise(compared_runs(runs))
    assert one.say == "No winner among a and b: their differences may be noise."


def test_another_metric_that_speaks_for_the_loser_is_named(tmp_path):
    first = run_of(tmp_path / "a", "xtts_phase1", {"mel_ce": HARD, "text_ce": HARD})
    later = {"mel_ce": HARD - 0.2, "text_ce": HARD + 0.2}
    second = run_of(tmp_path / "b", "xtts_phase1", later)
    (one,) = advise(compared_runs([first, second]))
    assert one.say == "Use b: its weights are better than those of a."
    assert "a is better in text_ce." in one.against


def test_what_learns_nothing_and_is_as_good_is_named(tmp_path):
    baselines = [{"name": "bigram", "outcome": "worse", "said": ""}]
    events = [Event("baseline", 0, metrics={"baseline/bigram/mel_ce": 1.0})]
    first = run_of(tmp_path / "a", "xtts_phase1", {"mel_ce": HARD})
    second = run_of(
        tmp_path / "b",
        "xtts_phase1",
        {"mel_ce": HARD - 0.2},
        events=events,
        finish={"baselines": baselines},
    )
    (one,) = advise(compared_runs([first, second]))
    assert "By eval/mel_ce b is worse than bigram, an untrained baseline." in one.against


def test_where_the_verdict_of_the_best_keeps_nothing_none_is_to_be_used(tmp_path):
    baselines = [{"name": "bigram", "outcome": "worse", "said": ""}]
    runs = [
        run_of(
            tmp_path / name,
            "xtts_phase1",
            {"mel_ce": HARD - change},
            events=[Event("baseline", 0, metrics={"baseline/bigram/mel_ce": 1.0})],
            finish={"baselines": baselines, "verdict": {"keep": "nothing"}},
        )
        for name, change in (("a", 0.0), ("b", 0.2))
    ]
    (one,) = advise(compared_runs(runs))
    assert one.say == "Use none of them: bigram, an untrained baseline, is better."
    assert one.why[0] == "Of the runs b comes first."


def test_other_evaluation_clips_are_said_and_nothing_is_called_better(tmp_path):
    first = run_of(tmp_path / "a", "xtts_phase1", {"mel_ce": HARD})
    other = run_of(tmp_path / "b", "xtts_phase1", {"mel_ce": HARD - 1}, evaluation_set="cd" * 32)
    compared = compared_runs([first, other])
    (one,) = advise(compared)
    assert one.say == "a and b cannot be compared with each other."
    assert "a and b: they are not of the same evaluation clips" in one.why[0]
    assert not any(cell.is_better for row in metric_rows(compared) for cell in row.cells)


def test_six_runs_of_three_systems_are_advised_on_system_by_system(tmp_path):
    made = {
        "xtts_phase1": {"mel_ce": HARD},
        "xtts_phase2": {"mel_ce": HARD - 0.2},
        "audio_vae": {"rmse_db": HARD},
        "audio_vae_plus": {"rmse_db": HARD - 0.2},
        "codec_dac_paper": {"mel": HARD},
        "rvc_v2_40k": {"mel": HARD},
    }
    runs = [run_of(tmp_path / name, name, clips) for name, clips in made.items()]
    advice = advise(compared_runs(runs))
    assert advice[-1].why == (
        "Figures of different systems cannot be compared (xtts: xtts_phase1 and xtts_phase2; "
        "vqvae: audio_vae and audio_vae_plus; codec: codec_dac_paper; rvc: rvc_v2_40k).",
    )
    assert [one.say for one in advice] == [
        "Use xtts_phase2: its weights are better than those of xtts_phase1.",
        "Use audio_vae_plus: its weights are better than those of audio_vae.",
        "codec_dac_paper and rvc_v2_40k cannot be compared with the others.",
    ]


def test_expectations_that_the_run_to_use_missed_are_said(tmp_path):
    first = run_of(tmp_path / "a", "xtts_phase1", {"mel_ce": HARD})
    missed = {"name": "eval/mel_ce", "met": False, "detail": "step 40: 2.7, expected 1.1 to 1.35"}
    met = {"name": "eval/text_ce", "met": True, "detail": ""}
    finish = {"expectations": [missed, met]}
    second = run_of(tmp_path / "b", "xtts_phase1", {"mel_ce": HARD - 0.2}, finish=finish)
    (one,) = advise(compared_runs([first, second]))
    assert "b missed its recipe's expectations of eval/mel_ce." in one.against


def test_a_run_that_has_not_finished_is_in_no_comparison_and_is_named(tmp_path):
    first = run_of(tmp_path / "a", "xtts_phase1", {"mel_ce": HARD})
    folder = tmp_path / "b"
    folder.mkdir()
    (folder / "recipe.toml").write_text(resolved_recipe("xtts_phase1"))
    add_events(folder, [start("b"), Event("eval", 5, 0.1, {"eval/mel_ce": 1.0})])
    compared = compared_runs([first, opened_run(folder)])
    assert compared.unfinished == "Not finished, and so in no comparison: b."
    assert "a and b: b has not finished (eval/mel_ce)." in advice_in_words(advise(compared))


@pytest.mark.parametrize(("names", "said"), [("a", "1 were named"), ("aa", "a is named twice")])
def test_too_few_runs_and_one_named_twice_are_refused(tmp_path, names, said):
    run_of(tmp_path / "a", "xtts_phase1", {"mel_ce": HARD})
    with pytest.raises(UserError, match=said):
        compared_runs([opened_run(tmp_path / name) for name in names])


def test_a_run_whose_own_verdict_keeps_another_is_not_advised_without_saying_so(tmp_path):
    first = run_of(tmp_path / "a", "xtts_phase1", {"mel_ce": HARD})
    verdict = {"metric": "eval/mel_ce", "value": 1.3, "keep": "c", "say": "worse than c by text_ce"}
    finish = {"verdict": verdict}
    second = run_of(tmp_path / "b", "xtts_phase1", {"mel_ce": HARD - 0.2}, finish=finish)
    (one,) = advise(compared_runs([first, second]))
    assert one.say == "Use b: its weights are better than those of a."
    assert one.against[0] == (
        "When b was trained, its verdict was to keep c instead: it is worse than c by text_ce."
    )
