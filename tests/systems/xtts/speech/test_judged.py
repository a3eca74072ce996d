"""Sentences that judges score at every evaluation of a small GPT from scratch."""

import numpy as np
import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.evaluation.unit import differences
from engine.recipe import recipe_identity
from engine.recipe.judgement import Expectation
from engine.recipe.params import SpeechEvaluation
from engine.runs.identity import identify
from engine.systems.xtts.recipe import Speech
from engine.systems.xtts.system import build
from tests.metrics.judge_models import write_ctc
from tests.system_support.toy_judge import let_judge
from tests.systems.xtts.small_project import load_params_of

SPEECH = Speech(sentences=("jó napot", "szép az idő"), seeds=(1, 2), judges=("dnsmos",))
IDS = tuple(f"sentence_{number}/seed_{seed}" for number in (1, 2) for seed in (1, 2))


@pytest.fixture
def make(make_xtts_recipe, spoken_project):
    """A system whose sentences are judged."""

    def system(speech=SPEECH, named=None, **more):
        recipe = evolve(make_xtts_recipe(), speech=speech, **more)
        params = load_params_of(spoken_project)
        params = evolve(params, speech_evaluation=named or SpeechEvaluation())
        torch.manual_seed(1)
        made = build(recipe, spoken_project, params)
        made.module.eval()
        return made

    return system


def test_each_sentence_with_each_seed_has_every_figure(make, monkeypatch):
    let_judge(monkeypatch)
    found = make().evaluate()
    judged = found.judged
    assert judged.ids == IDS
    assert {*judged.figures} == {f"judged/dnsmos_{name}" for name in ("ovrl", "sig", "bak")}
    assert judged.figures["judged/dnsmos_bak"].tolist() == [8, 8, 11, 11]
    assert len(np.unique(judged.figures["judged/dnsmos_sig"])) == 1
    for name, values in judged.figures.items():
        assert found.metrics[f"eval/{name}"] == pytest.approx(values.mean())
    assert len(found.per_clip["mel_ce"]) != len(IDS)


def test_the_same_weights_are_judged_alike(make, monkeypatch):
    let_judge(monkeypatch)
    first, second = (make().evaluate().judged for _ in range(2))
    assert np.array_equal(first.digests, second.digests)
    ours, theirs = (one.figures["judged/dnsmos_ovrl"] for one in (first, second))
    assert np.array_equal(ours, theirs)


def test_another_version_of_a_judge_is_another_unit_and_another_run(make, monkeypatch):
    let_judge(monkeypatch)
    ours = make()
    units, digits = ours.metric_units, identify(ours.recipe, 1, ours, None)
    let_judge(monkeypatch, "2")
    theirs = make()
    others = identify(theirs.recipe, 1, theirs, None)
    assert theirs.metric_units["judged/dnsmos_ovrl"] != units["judged/dnsmos_ovrl"]
    assert theirs.metric_units["speech/odd"] == units["speech/odd"]
    assert digits.digits != others.digits
    assert digits.differences(others.plain()).startswith("how metrics are measured (judges, ")
    (said,) = differences(
        units["judged/dnsmos_ovrl"], theirs.metric_units["judged/dnsmos_ovrl"], "a", "b"
    )
    assert said == "measured with toy 1 in a and 2 in b"


def test_a_judge_that_cannot_be_had_is_counted_and_said_and_the_others_judge(make, monkeypatch):
    let_judge(monkeypatch, missing=("plcmos",))
    system = make(evolve(SPEECH, judges=("plcmos", "dnsmos")))
    (said,) = system.warnings
    assert said == ("1 of 2 judges cannot be had here. plcmos: the package 'x' is not installed")
    assert "eval/judged/dnsmos_ovrl" in system.evaluate().metrics


def test_where_no_judge_can_be_had_nothing_is_spoken(make, monkeypatch):
    let_judge(monkeypatch, missing=("dnsmos",))
    system = make()
    assert system.warnings == [
        "1 of 1 judges cannot be had here. dnsmos: the package 'x' is not installed"
    ]
    monkeypatch.setattr(system, "_sentences", None)
    assert system.evaluate().judged is None


def test_what_a_recipe_relies_on_must_be_judged_here(make, monkeypatch):
    let_judge(monkeypatch, missing=("dnsmos",))
    belief = {"eval/judged/dnsmos_ovrl": Expectation(steps=(6,), low=(2.0,))}
    with pytest.raises(UserError, match=r"relies on 'eval/judged/dnsmos_ovrl' \(expect\..*not ins"):
        make(expect=belief)


def test_words_are_judged_by_the_recogniser_that_params_toml_names(make, tmp_path):
    speech = evolve(SPEECH, judges=("speech_recogniser",))
    named = SpeechEvaluation(speech_recogniser=str(write_ctc(tmp_path / "ctc")))
    found = make(speech, named).evaluate()
    assert {*found.judged.figures} == {"judged/wer", "judged/cer"}
    assert make(speech).warnings == [
        "1 of 1 judges cannot be had here. speech_recogniser: speech_evaluation.speech_recogniser "
        "in params.toml names none"
    ]


def test_judged_sentences_count_in_the_identity_and_others_do_not(make_xtts_recipe):
    plain = evolve(SPEECH, judges=())
    for speech, counts in ((SPEECH, True), (plain, False)):
        ours = evolve(make_xtts_recipe(), speech=speech)
        theirs = evolve(ours, speech=evolve(speech, seeds=(1, 3)))
        assert (recipe_identity(ours) != recipe_identity(theirs)) == counts


@pytest.mark.parametrize(
    ("speech", "said"),
    [
        (evolve(SPEECH, judges=("pesq",)), "'pesq' needs the recording that a clip should equal"),
        (evolve(SPEECH, sentences=()), "there are no clips to judge"),
        (evolve(SPEECH, seeds=tuple(range(60))), "judges at most 100 clips, got 120"),
    ],
)
def test_what_cannot_be_judged_is_refused(make_xtts_recipe, speech, said):
    faults = evolve(make_xtts_recipe(), speech=speech).cross_checks()
    assert any(path == "speech.judges" and said in what for path, what in faults)


def test_the_best_must_be_judged_and_have_a_better_side(make_xtts_recipe):
    def fault(best, judges):
        recipe = make_xtts_recipe(best=best, best_is="highest")
        return dict(evolve(recipe, speech=evolve(SPEECH, judges=judges)).cross_checks())

    metric = "eval/judged/dnsmos_ovrl"
    assert fault(metric, ("dnsmos",)) == {}
    assert fault(metric, ()) == {
        "training.best": f"'{metric}' is not a metric of the recipe's judges"
    }
    pause = "eval/judged/longest_pause_seconds"
    assert fault(pause, ("silero_vad",)) == {
        "training.best": f"{pause} has no better direction; choose another metric"
    }
