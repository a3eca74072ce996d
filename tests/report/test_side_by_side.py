"""Samples of several weights, from events as training writes them."""

import re

import pytest

from engine.recipe import load_recipe
from engine.report.history import History
from engine.report.page import build_report
from engine.report.side_by_side import side_by_side
from engine.system_support.discovery import recipe_classes
from engine.tracking.events import Event
from tests.report.test_page import RECIPES
from tests.run_folders import add_events, make_wav, start


def sample(seed, place, *, content="", wer=None, **more):
    figures = {"speech/seconds": 2.0} | ({} if wer is None else {"speech/wer": wer})
    name = f"sentence_1/seed_{seed}"
    return {
        "name": name,
        "kind": "audio",
        "path": f"samples/{place}/{name}.wav",
        "caption": f"Jó napot! (seed {seed})",
        "notes": [f"heard: {place}"],
        "made_of": f"seed {seed}",
        "sha256": content or f"{place} {seed}",
        "figures": figures,
    } | more


def made(of, when, samples, kind="sample", step=0, judge="one"):
    scales = {"speech/wer": judge, "speech/seconds": "of audio"}
    facts = {"of": of, "when": when, "scales": scales, "samples": samples}
    return Event(kind, step, facts=facts)


def seeds(place, number=2, **more):
    return [sample(seed, place, **more) for seed in range(1, number + 1)]


PHASE_2 = (
    start("phase2"),
    made("phase2", "start", seeds("start", wer=0.5)),
    made("phase1", "start", seeds("earlier/phase1_start", wer=1.0), "earlier"),
    made("phase1", "final", seeds("earlier/phase1_final", wer=0.6), "earlier"),
    made("phase2", "final", [*seeds("final", wer=0.25), sample(9, "x", made_of="")], step=100),
)


def test_before_training_each_phase_and_this_run_stand_in_this_order():
    found = side_by_side(History(PHASE_2))
    titles = ["before phase1", "phase1", "before phase2", "phase2"]
    assert [column.title for column in found.columns] == titles
    assert [row.title for row in found.rows] == ["Jó napot! (seed 1)", "Jó napot! (seed 2)"]
    for row in found.rows:
        assert [part.title for part in row.parts] == titles
    assert found.rows[1].parts[-1].audio == "samples/final/sentence_1/seed_2.wav"


def test_the_mean_of_each_figure_stands_beside():
    found = side_by_side(History(PHASE_2))
    assert found.figures == ("seconds", "wer")
    wers = [column.means[1] for column in found.columns]
    assert wers == pytest.approx([1.0, 0.6, 0.5, 0.25])


def test_a_figure_that_only_some_weights_have_is_left_empty_for_others():
    own = made("phase2", "final", seeds("final"))
    found = side_by_side(History((*PHASE_2[:-1], own)))
    assert found.columns[-1].means == (2.0, None)


def test_no_mean_stands_beside_one_of_other_sentences_or_of_another_judge():
    other = made("phase1", "final", seeds("earlier/phase1_final", wer=0.6), "earlier", judge="two")
    found = side_by_side(History((PHASE_2[0], other, PHASE_2[-1])))
    assert [column.means for column in found.columns] == [(2.0, None), (2.0, 0.25)]


def test_what_is_made_of_something_else_is_no_column():
    other = made("phase1", "final", seeds("earlier/other", made_of="another voice"), "earlier")
    found = side_by_side(History((PHASE_2[0], other, PHASE_2[-1])))
    assert [column.title for column in found.columns] == ["phase2"]


def test_a_start_from_the_parents_own_weights_is_shown_once():
    same = {"content": "the same"}
    events = (
        made("phase2", "start", seeds("start", **same)),
        made("phase1", "final", seeds("earlier/phase1_final", **same), "earlier"),
        made("phase2", "final", seeds("final", **same)),
    )
    found = side_by_side(History(events))
    assert [column.title for column in found.columns] == ["phase1", "phase2"]


def test_a_run_on_its_way_shows_the_step_of_its_last_samples():
    events = (*PHASE_2[:2], made("phase2", "step", seeds("step_50"), step=50))
    found = side_by_side(History(events))
    assert [column.title for column in found.columns] == ["before phase2", "phase2, step 50"]


def test_runs_that_make_nothing_of_the_kind_have_none():
    assert side_by_side(History((start("audio_vae"),))) is None
    plain = {"name": "yes/original", "kind": "audio", "path": "samples/yes.wav", "caption": ""}
    assert side_by_side(History((made("codec", "final", [plain]),))) is None


def test_a_file_outside_the_folder_is_left_out():
    outside = made("phase2", "final", [sample(1, "final"), sample(2, "final", path="../x.wav")])
    assert len(side_by_side(History((outside,))).rows) == 1


def test_the_page_has_a_player_for_each_and_its_notes(tmp_path):
    recipe = load_recipe(RECIPES / "audio_vae.toml", classes=recipe_classes())
    for event in PHASE_2[1:]:
        for one in event.facts["samples"]:
            path = tmp_path / one["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            make_wav(path)
    add_events(tmp_path, list(PHASE_2))
    page = build_report(tmp_path, recipe).read_text("utf-8")
    players = re.findall(r'<audio [^>]*src="([^"]+)"', page)
    assert len(players) == len(set(players)) == 9
    assert all((tmp_path / path).is_file() for path in players)
    assert page.count("heard: earlier/phase1_final") == 2
    assert page.count("<h3>") == 3, "two rows, and the sample that has nothing beside it"
