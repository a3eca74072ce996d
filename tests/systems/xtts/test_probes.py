"""The checks before step 1 and at step 50, with the GPT broken on purpose."""

import pytest
import torch

from engine.errors import UserError
from engine.report.history import History
from engine.systems.xtts.network.gpt import XttsGpt
from engine.systems.xtts.network.packing import Tokens
from tests.systems.stops_at import StopsAt


def failure(train, recipe):
    with pytest.raises(UserError) as caught:
        train("run", recipe)
    return str(caught.value)


def test_a_sound_run_is_told_its_order_by_step_50(train, make_xtts_recipe):
    watcher = StopsAt()
    outcome = train("run", make_xtts_recipe(steps=60), watcher)
    assert outcome.ending == "finished"
    found = {check["name"]: check for check in History.of(outcome.folder).checks}
    assert found["labels of text"]["ok"] is found["labels of codes"]["ok"] is True
    assert found["decoding with a cache"]["ok"] is found["updates"]["ok"] is True
    assert "no warm-up in 60 updates" in found["learning rate of gpt"]["detail"]
    assert "+1: 2." in found["order of tokens"]["detail"]
    assert any(
        "undecided with the initial weights" in one and "order of tokens" in one
        for one in watcher.said
    )


@pytest.mark.parametrize(
    ("more", "cause"), [(1, "shifted by two positions"), (-1, "the labels are not shifted")]
)
def test_labels_shifted_once_more_or_not_at_all_are_named_before_step_1(
    train, make_xtts_recipe, monkeypatch, more, cause
):
    def of(self, rows, after=0):
        place = self.position + after + (more if after else 0)
        return rows[self.clip, place.clamp(max=rows.shape[1] - 1)]

    monkeypatch.setattr(Tokens, "of", of)
    assert cause in failure(train, make_xtts_recipe())


def test_a_voice_that_is_not_connected_is_named(train, make_xtts_recipe, monkeypatch):
    condition = XttsGpt.condition
    monkeypatch.setattr(
        XttsGpt, "condition", lambda self, *given: condition(self, *given).detach() * 0.0
    )
    said = failure(train, make_xtts_recipe())
    assert (
        "conditioning voice with voice_lengths: swapping it between clips changes no loss" in said
    )


def test_groups_that_stay_put_are_named_though_gradients_reach_them(
    train, make_xtts_recipe, monkeypatch
):
    """What has an entry for each of 18 codes is put back after every step."""
    step = torch.optim.AdamW.step

    def forgets(self, *given):
        parameters = [one for group in self.param_groups for one in group["params"]]
        before = [(one, one.detach().clone()) for one in parameters if one.shape[0] == 18]
        found = step(self, *given)
        for one, weights in before:
            one.data.copy_(weights)
        return found

    monkeypatch.setattr(torch.optim.AdamW, "step", forgets)
    said = failure(train, make_xtts_recipe())
    assert "updates: the update of network.mel_embedding (1 tensors), network.mel_head" in said
    assert "exactly zero after 6 steps" in said


def test_positions_that_do_not_advance_in_decoding_are_named(train, make_xtts_recipe, monkeypatch):
    spoken = XttsGpt.spoken
    monkeypatch.setattr(XttsGpt, "spoken", lambda self, codes, _=0: spoken(self, codes))
    said = failure(train, make_xtts_recipe())
    assert "decoding with a cache: scores differ from those of training from position 1" in said
