"""What is made before step 1 and after the last, and what phases before made of the same."""

import json

import numpy as np
import pytest

from engine.recipe.training import Start
from engine.system_support.audio_samples import write_wav
from engine.tracking.events import read_events
from engine.tracking.shown_metrics import read_shown
from engine.training.sampling import sample_facts, take_earlier_samples
from engine.training.system import Sample
from tests.training.speaking_toy import build_speaking
from tests.training.train_toy import finish


@pytest.fixture(scope="module")
def phases(tmp_path_factory):
    """Three phases: each goes on from the one before, the last without learning anything."""
    folder = tmp_path_factory.mktemp("phases")
    finish(folder, build=build_speaking, epochs=1, name="one")
    finish(folder, build=build_speaking, epochs=1, name="two", start=Start(from_="one"))
    finish(folder, build=build_speaking, epochs=1, name="three", start=Start(from_="two"))
    return folder


def events(folder, name, kind):
    log = folder / "models" / name / "events.jsonl"
    return [event for event in read_events(log) if event.kind == kind]


def metrics(folder, name):
    return json.loads((folder / f"models/{name}/metrics.json").read_text())


def test_before_step_1_only_what_can_be_compared_is_made(phases):
    start, final = events(phases, "one", "sample")
    assert (start.step, start.facts["when"], final.facts["when"]) == (0, "start", "final")
    assert [sample["name"] for sample in start.facts["samples"]] == ["a", "b"]
    assert len(final.facts["samples"]) == 2 + 4
    for event in (start, final):
        for sample in event.facts["samples"]:
            assert (phases / "models/one" / sample["path"]).is_file()


def test_figures_of_the_start_and_of_the_best_weights_are_metrics(phases):
    start, final = events(phases, "one", "sample")
    mean = sum(s["figures"]["speech/total"] for s in start.facts["samples"]) / 2
    found = metrics(phases, "one")
    assert start.metrics == {"untrained/speech/total": pytest.approx(mean)}
    assert found["untrained"]["speech"]["total"] == start.metrics["untrained/speech/total"]
    assert found["eval"]["speech"]["total"] == final.metrics["eval/speech/total"]
    assert found["eval"]["speech"] != found["untrained"]["speech"]
    shown = read_shown(phases / "metrics/one.json")
    assert shown.figures["speech.total"] == found["eval"]["speech"]["total"]


def test_what_a_phase_starts_from_says_what_its_parent_said_last(phases):
    own, parents = metrics(phases, "two"), metrics(phases, "one")
    assert own["parent"]["speech"] == parents["eval"]["speech"]
    start = events(phases, "two", "sample")[0].facts["samples"]
    last = events(phases, "one", "sample")[-1].facts["samples"]
    assert [one["sha256"] for one in start] == [one["sha256"] for one in last[:2]]


def test_a_phase_keeps_what_all_before_it_made_of_the_same(phases):
    earlier = events(phases, "three", "earlier")
    told = [(event.facts["of"], event.facts["when"]) for event in earlier]
    assert told == [("one", "start"), ("one", "final"), ("two", "start"), ("two", "final")]
    for event in earlier:
        assert [sample["name"] for sample in event.facts["samples"]] == ["a", "b"]
        first = phases / "models" / event.facts["of"] / "samples" / event.facts["when"]
        for sample in event.facts["samples"]:
            copied = phases / "models/three" / sample["path"]
            assert copied.read_bytes() == (first / f"{sample['name']}.wav").read_bytes()
            assert "earlier" in copied.parts


def test_the_report_sets_them_side_by_side(phases):
    page = (phases / "models/three/report.html").read_text("utf-8")
    players = [f"samples/earlier/{name}" for name in ("one_start", "one_final", "two_final")]
    assert all(player in page for player in players)
    assert "samples/earlier/two_start" not in page, "the same as what one made last"


def test_what_was_made_of_something_else_or_is_gone_is_passed_over(phases, tmp_path):
    run, model = tmp_path / "run", tmp_path / "model"
    for folder in (run, model):
        folder.mkdir()
    facts = {"of": "own", "when": "start", "samples": [{"name": "a", "made_of": "a"}]}
    line = {"kind": "sample", "step": 0, "facts": facts}
    (run / "events.jsonl").write_text(json.dumps(line) + "\n")
    (model / "there.wav").write_text("sound")
    (tmp_path / "outside.wav").write_text("secret")
    told = [
        {"name": "a", "made_of": "a", "path": "there.wav"},
        {"name": "b", "made_of": "other", "path": "there.wav"},
        {"name": "c", "path": "there.wav"},
        {"name": "d", "made_of": "a", "path": "../outside.wav"},
        {"name": "e", "made_of": "a", "path": "gone.wav"},
        "nonsense",
    ]
    line["facts"] = {"of": "../..", "when": "final", "samples": told}
    (model / "events.jsonl").write_text(json.dumps(line) + "\n")
    (taken,) = take_earlier_samples(model, run)
    assert [sample["name"] for sample in taken["samples"]] == ["a"]
    assert (run / taken["samples"][0]["path"]).read_text() == "sound"
    assert not (run / "samples/earlier/..").resolve().joinpath("outside.wav").exists()


@pytest.mark.parametrize(
    ("level", "said"),
    [(0.0, "silent throughout"), (3.0, "clipped: "), (0.1, None)],
)
def test_silence_and_clipping_are_said_of_audio_whatever_its_system_says(tmp_path, level, said):
    noise = np.random.default_rng(0).standard_normal(8_000)
    write_wav(tmp_path / "a.wav", level * noise, 8_000)
    facts = sample_facts(Sample("a", "audio", tmp_path / "a.wav", notes=("its own",)), tmp_path)
    assert facts["notes"][0] == "its own"
    assert [note for note in facts["notes"][1:] if said and note.startswith(said)] == (
        facts["notes"][1:] if said is None else facts["notes"][1:2]
    )
    assert len(facts["notes"]) == (1 if said is None else 2)
