"""Clones that judges score at every evaluation."""

import torch
from attrs import evolve

from engine.recipe import load_params
from engine.system_support.build import build_system
from engine.systems.codec_lm.recipe import Speech
from tests.system_support.toy_judge import let_judge

SPEECH = Speech(num_clips=2, texts=("hello",), seeds=(1, 2), max_seconds=0.5, judges=("dnsmos",))


def test_clips_and_texts_are_judged_with_each_seed(make_recipe, voices_project, monkeypatch):
    let_judge(monkeypatch)
    torch.manual_seed(1)
    recipe = evolve(make_recipe(), speech=SPEECH)
    system = build_system(recipe, voices_project, load_params(voices_project.params))
    system.module.eval()
    found = system.evaluate()
    judged = found.judged
    assert len(judged.ids) == (2 + 1) * 2
    assert judged.ids[2] == "text_1, seed 1"
    assert len({row.tobytes() for row in judged.digests}) == 6
    assert judged.figures["judged/dnsmos_bak"][2] == len("hello")
    assert (judged.figures["judged/dnsmos_sig"] > 0.0).all()
    assert found.metrics["eval/judged/dnsmos_ovrl"] > 0.0
    assert "judged/dnsmos_ovrl" in system.metric_units
