"""Silence, clips that stand for several, and conditioning that is the same everywhere."""

import numpy as np
import pytest
import torch

from engine.training.checks.clips import Drawn, content_checks
from engine.training.checks.conditioning import conditioning_checks
from engine.training.order import Order
from engine.training.system import PreflightBounds, TrainingAudio

NUMBER = 64
BOUNDS = PreflightBounds((0.0, 1.0), ("voice",), waveforms=("audio",))


class Clips:
    """Clips of 400 samples and a voice; `change` alters their batches."""

    def __init__(self, change=lambda batch, places: batch, voices=2):
        self.ids = [f"clip{number}" for number in range(NUMBER)]
        self.change, self.voices = change, voices

    def batch(self, places, random):
        audio = np.stack([np.random.default_rng(place).standard_normal(400) for place in places])
        audio[:, 300:] = 0.0  # padding
        made = torch.from_numpy(audio.astype(np.float32))
        voice = torch.tensor([place % self.voices for place in places])
        return self.change({"audio": made, "voice": voice}, places)


class System:
    def __init__(self, clips):
        self.train_clips = clips


def drawn_from(change=lambda batch, places: batch, **more):
    return Drawn.of(System(Clips(change, **more)), Order([1000] * NUMBER, 8, seed=1))


def failed(checks):
    return {check.name: check.detail for check in checks if not check.ok}


def silenced(share):
    def change(batch, places):
        quiet = torch.tensor([place < share * NUMBER for place in places])
        return batch | {"audio": batch["audio"] * ~quiet[:, None]}

    return change


def test_healthy_clips_are_neither_silent_nor_alike():
    assert failed(content_checks(drawn_from(), BOUNDS)) == {}


def test_a_few_silent_clips_are_no_warning_and_many_are():
    assert failed(content_checks(drawn_from(silenced(0.1)), BOUNDS)) == {}
    found = failed(content_checks(drawn_from(silenced(0.5)), BOUNDS))
    assert (
        "32 of 64 clips have a constant audio: silence stands in place" in found["sound of audio"]
    )


def test_one_clip_in_place_of_many_is_a_warning_that_names_some():
    def change(batch, places):
        same = torch.tensor([place < 20 for place in places])[:, None]
        return batch | {"audio": torch.where(same, torch.linspace(0, 1, 400), batch["audio"])}

    (check,) = [
        c for c in content_checks(drawn_from(change), BOUNDS) if c.name == "variety of audio"
    ]
    assert check.ok is False
    assert check.action == "warn"
    assert "20 of 64 clips have the audio of another" in check.detail
    assert "clip" in check.detail.partition("first: ")[2]


def test_clips_may_share_what_they_are_conditioned_on():
    def change(batch, places):
        return batch | {"audio": torch.linspace(0, 1, 400).expand(len(places), 400)}

    names = [
        check.name
        for check in content_checks(drawn_from(change), PreflightBounds((0.0, 1.0), ("audio",)))
    ]
    assert names == ["batches", "sound of audio"]


def losses_of(batch):
    return {"loss": float((batch["voice"] * torch.arange(len(batch["voice"]))).sum())}


def conditioning(drawn, batch=None):
    batch = drawn.batches[0] if batch is None else batch
    (check,) = conditioning_checks(["voice"], batch, drawn, losses_of)
    return check


def test_a_condition_that_differs_and_reaches_the_loss_passes():
    assert conditioning(drawn_from()).ok


def test_the_first_batchs_condition_in_every_batch_ends_the_run():
    kept = {}

    def change(batch, places):
        return batch | {"voice": kept.setdefault("voice", batch["voice"])}

    check = conditioning(drawn_from(change))
    assert check.stops
    assert "voice is that of the first batch in every other batch too" in check.detail


def test_a_label_that_is_the_same_in_all_clips_is_a_warning():
    check = conditioning(drawn_from(voices=1))
    assert (check.ok, check.action) == (False, "warn")
    assert "the same in 64 clips" in check.detail


def test_a_batch_of_one_voice_decides_nothing_where_other_batches_have_others():
    drawn = drawn_from()
    batch = drawn.batches[0] | {"voice": torch.ones(8, dtype=torch.int64)}
    assert "not checked" in conditioning(drawn, batch).detail


@pytest.mark.parametrize("entry", ["voice"])
def test_a_long_entry_that_all_clips_share_ends_the_run(entry):
    def change(batch, places):
        return batch | {entry: torch.linspace(0, 1, 64).expand(len(places), 64)}

    drawn = drawn_from(change)
    (check,) = conditioning_checks([entry], drawn.batches[0], drawn, lambda batch: {"loss": 0.0})
    assert check.stops


def test_silence_that_a_system_adds_is_not_counted():
    def samples(place):
        return np.zeros(0 if place < 32 else 400, np.int16)

    bounds = PreflightBounds((0.0, 1.0), audio=TrainingAudio(samples, 16_000))
    assert failed(content_checks(drawn_from(silenced(0.5)), bounds)) == {}


def test_samples_that_were_not_divided_are_out_of_scale():
    def change(batch, places):
        return batch | {"audio": batch["audio"] * 32768}

    found = failed(content_checks(drawn_from(change), BOUNDS))
    assert "were 16-bit ones not divided" in found["scale of audio"]


def test_one_batch_again_and_again_ends_the_run():
    kept = []

    def change(batch, places):
        kept.append(batch)
        return kept[0]

    found = failed(content_checks(drawn_from(change), BOUNDS))
    assert "the same batch again and again" in found["batches"]


def test_a_batch_of_another_size_than_asked_for_ends_the_run():
    def change(batch, places):
        return batch | {"voice": batch["voice"][:-1]}

    check = failed(content_checks(drawn_from(change), BOUNDS))["batches"]
    assert check.startswith("voice has 7 rows in a batch of 8 clips (first: clip")


def test_a_batch_that_is_not_finite_is_named_with_its_clip():
    def change(batch, places):
        batch["audio"][torch.tensor(places) == 17, 3] = float("nan")
        return batch

    assert "in clip clip17." in failed(content_checks(drawn_from(change), BOUNDS))["batches"]


def test_one_voice_for_each_batch_ends_the_run():
    def change(batch, places):
        return batch | {"voice": torch.full_like(batch["voice"], sum(places) % 2)}

    check = conditioning(drawn_from(change))
    assert check.stops
    assert "of one clip is used for the whole batch" in check.detail
