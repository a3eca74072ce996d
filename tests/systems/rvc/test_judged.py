"""Converted clips that judges score at every evaluation."""

import numpy as np
from attrs import evolve

from engine.systems.rvc.judged import conversion_digest
from engine.systems.rvc.recipe import Conversion
from tests.system_support.toy_judge import let_judge

JUDGED = Conversion(num_clips=2, judges=("dnsmos",))


def test_each_converted_clip_is_judged_against_the_voice_it_should_have(make_rvc, monkeypatch):
    let_judge(monkeypatch)
    system = make_rvc(conversion=JUDGED)
    system.module.eval()
    judged = system.evaluate().judged
    assert judged.ids == ("converted_1", "converted_2")
    asked = [system.evaluator.asked(one) for one in system.evaluator.sources.conversions]
    digests = [conversion_digest(one, "high", system._made_with) for one in asked]
    assert [row.tobytes().hex() for row in judged.digests] == digests
    assert (judged.figures["judged/dnsmos_sig"] > 1.0).all()
    assert np.isfinite(judged.figures["judged/dnsmos_ovrl"]).all()
    assert "judged/dnsmos_ovrl" in system.metric_units


def test_judges_of_no_conversions_are_refused(make_rvc_recipe):
    recipe = make_rvc_recipe(conversion=evolve(JUDGED, num_clips=0))
    assert ("conversion.judges", "there are no clips to judge") in [*recipe.cross_checks()]


def test_with_no_other_voice_to_convert_nobody_judges_and_the_run_says_so(make_rvc, monkeypatch):
    let_judge(monkeypatch)
    system = make_rvc(conversion=JUDGED)
    assert not any("other voice" in said for said in system.warnings)
    object.__setattr__(system.recordings.sources, "conversions", ())
    assert any("other voice to convert" in said for said in system.warnings)
    assert system.evaluate().judged is None
