import numpy as np
import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.recipe.judgement import Guard
from engine.recipe.training import Start
from engine.systems.rvc.conversion.voice_note import read_voice_note
from engine.systems.rvc.data.clip_tables import figures
from engine.systems.rvc.dataset_table import LogMel, NoPitch, Rmvpe
from engine.systems.rvc.files.exported import read_exported
from engine.systems.rvc.recipe import Conversion
from engine.training.devices import Device
from engine.training.order import Order
from engine.training.preflight import Preflight
from engine.training.schedules import Length
from engine.training.step import Stepper
from tests.systems.rvc.conftest import SMALL

BOTH = {"speakers": ("high", "low")}


def test_slices_and_silence_are_learned_from_and_whole_clips_are_held_out(make_rvc):
    system = make_rvc()
    assert {name.partition(",")[0] for name in system.train_clips.ids} >= {"silence 1"}
    held_out = set(system.eval_clips.ids)
    assert len(held_out) == system.dataset_summary.evaluation == 2
    assert not held_out & {name.partition(",")[0] for name in system.train_clips.ids}
    assert system.dataset_summary.training == 4
    assert "minutes" in system.notes[0]


def test_every_parameter_has_one_turn_and_late_terms_begin_with_the_discriminators(make_rvc):
    judge, generator = make_rvc(discriminator={"starts_at_step": 3}).turns
    assert all(name.startswith("discriminators.") for name in judge.parameters)
    assert generator.late_terms == {"adversarial": 3, "feature": 3}
    assert not judge.is_due(2)
    assert judge.is_due(3)


@pytest.mark.parametrize("dataset", [{}, BOTH, {"pitch": NoPitch()}])
def test_a_healthy_run_passes_every_check(make_rvc, dataset):
    system = make_rvc(dataset=dataset, batch_size=4)
    length = Length(20, 5)
    stepper = Stepper(Device(torch.device("cpu")), system, system.recipe, length)
    order = Order(system.train_clips.lengths, 4, 1)
    checks = Preflight(system, system.recipe, order, length, stepper).checks()
    assert [(check.name, check.detail) for check in checks if not check.ok] == []
    looked = {check.name for check in checks}
    assert ("conditioning f0" in looked) == ("pitch" not in dataset)
    assert ("conditioning speaker" in looked) == (dataset == BOTH)


def test_another_pitch_or_content_is_another_run_with_other_units(make_rvc):
    ours, theirs = make_rvc(), make_rvc(dataset={"content": LogMel(num_mels=32)})
    assert ours.data_digest != theirs.data_digest
    assert ours.evaluation_set != theirs.evaluation_set
    assert ours.metric_units["content_cosine"] != theirs.metric_units["content_cosine"]
    assert ours.metric_units["f0_cents"] == theirs.metric_units["f0_cents"]
    assert ours.metric_units["mel"] == theirs.metric_units["mel"]
    other = make_rvc(conversion=Conversion(num_clips=1))
    assert ours.metric_units["conversion/f0_cents"] != other.metric_units["conversion/f0_cents"]
    assert ours.evaluation_set == other.evaluation_set


def test_the_evaluation_set_depends_on_how_short_slices_may_be(make_rvc):
    """Shorter ones are widened, by the length of the segments that are drawn from them."""
    ours, longer = make_rvc(), make_rvc(dataset={"segment_frames": 80})
    assert ours.evaluation_set != longer.evaluation_set


def test_every_metric_with_a_unit_is_one_that_the_recipe_class_knows(make_rvc):
    system = make_rvc()
    assert {f"eval/{name}" for name in system.metric_units} <= system.recipe.metrics.keys()
    assert system.metric_units["mel"].parameters.keys() == {"n_fft", "num_mels", "mel_floor"}
    assert system.metric_units["f0_cents"].sample_rate_hz == 16_000


def test_with_all_speakers_learned_held_out_clips_are_converted(make_rvc):
    system = make_rvc(dataset={"speakers": ()})
    learned = system.recordings.speaker_names
    assert learned == ("high", "low", "middle")
    clips = system.corpus.manifest.clips
    for one in system.recordings.sources.conversions:
        assert clips[one.source].id in system.eval_clips.ids
        assert clips[one.source].speaker != learned[one.target]
    assert "eval/conversion/mcd_db" in system.evaluate().metrics


def test_without_pitch_no_figure_of_pitch_is_measured(make_rvc):
    metrics = make_rvc(dataset={"pitch": NoPitch()}).evaluate().metrics
    assert not any("f0" in name or "voicing" in name or "octave" in name for name in metrics)
    assert np.isfinite(metrics["eval/mel"])


def test_a_figure_that_cannot_be_measured_here_may_not_be_relied_on(make_rvc):
    guard = (Guard(below=1.0, because="a test"),)
    with pytest.raises(UserError, match=r"similarity.*speech_evaluation\.speaker_encoder"):
        make_rvc(guard={"eval/similarity": guard})


def test_samples_before_training_are_those_that_other_weights_make_too(make_rvc, tmp_path):
    system = make_rvc()
    before = system.samples(tmp_path / "start", 0)
    assert all(sample.made_of for sample in before)
    assert [sample.kind for sample in before] == ["audio", "image"] * 2
    after = system.samples(tmp_path / "end", 1)
    assert {s.made_of for s in before} == {s.made_of for s in after if s.made_of}
    names = {sample.name for sample in after}
    assert {"converted_1/source", "converted_1/take", "converted_1/pitch"} <= names
    assert any(name.startswith("held_out_1") and name.endswith("resynthesized") for name in names)
    assert all(sample.path.stat().st_size for sample in after)


def test_what_is_exported_loads_and_says_whose_voice_it_is(make_rvc, tmp_path):
    system = make_rvc()
    system.export(tmp_path)
    exported = read_exported(tmp_path / "small.pth")
    own = system.module.network.state_dict()
    for name, value in exported.network.state_dict().items():
        if not name.startswith("enc_q."):
            torch.testing.assert_close(value, own[name].half().float(), rtol=0, atol=0)
    note = read_voice_note(exported.facts, tmp_path)
    assert [speaker.name for speaker in note.speakers] == ["high"]
    assert note.speakers[0].median_hz == pytest.approx(system.evaluator.medians[0], abs=0.01)
    assert [*tmp_path.glob("added_*.index")]


def saved(system, path, *, rows=None):
    """The networks of a system as published files: a generator and discriminators."""
    weights = system.module.network.state_dict()
    if rows is not None:
        weights["emb_g.weight"] = torch.randn(rows, SMALL.speaker_channels)
    torch.save({"model": weights}, path / "G.pth")
    torch.save({"model": system.module.discriminators.state_dict()}, path / "D.pth")
    return weights


def changed(system):
    with torch.no_grad():
        for parameter in system.module.parameters():
            parameter.add_(0.01)
    return system


@pytest.fixture
def starting(make_rvc, voices):
    """A system whose recipe starts from published files, with or without discriminators."""

    def make(path, discriminators):
        named = str((path / "D.pth").relative_to(voices.root)) if discriminators else None
        start = Start(weights=str((path / "G.pth").relative_to(voices.root)))
        return make_rvc(start=start, discriminator={"weights": named})

    return make


@pytest.fixture
def published(voices):
    folder = voices.root / "published" / "toy"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_a_published_generator_and_its_discriminators_are_taken_over(make_rvc, starting, published):
    theirs = changed(make_rvc())
    saved(theirs, published)
    system = starting(published, discriminators=True)
    said = system.load_published(published / "G.pth")
    assert "the discriminators of D.pth" in said
    for name, value in system.module.state_dict().items():
        assert torch.equal(value, theirs.module.state_dict()[name]), name


def test_without_published_discriminators_the_run_says_that_they_begin_afresh(
    make_rvc, starting, published
):
    saved(changed(make_rvc()), published)
    system = starting(published, discriminators=False)
    assert "the discriminators begin with fresh weights" in system.load_published(
        published / "G.pth"
    )


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_rows_of_speakers_are_taken_from_the_first_on(make_rvc, starting, published, rows):
    theirs = saved(changed(make_rvc()), published, rows=rows)["emb_g.weight"]
    system = starting(published, discriminators=True)
    own = system.module.network.emb_g.weight.detach().clone()
    assert f"{rows} rows" in system.load_published(published / "G.pth")
    now, kept = system.module.network.emb_g.weight, min(rows, SMALL.speaker_rows)
    assert torch.equal(now[:kept], theirs[:kept])
    assert torch.equal(now[kept:], own[kept:])


def test_a_model_of_ours_that_knows_other_content_features_is_refused(
    make_rvc, starting, published
):
    make_rvc(dataset={"content": LogMel(num_mels=32)}).export(published)
    saved(make_rvc(), published)
    system = starting(published, discriminators=True)
    with pytest.raises(UserError, match=r"content features of another model.*dataset\.content"):
        system.load_published(published / "small.pth")
    make_rvc().export(published)
    assert "posterior encoder" in system.load_published(published / "small.pth")


def test_the_digest_of_both_files_is_part_of_a_runs_identity(make_rvc, starting, published, voices):
    from engine.runs.initial_weights import find_initial_weights

    saved(make_rvc(), published)
    recipe = starting(published, discriminators=True).recipe
    before = find_initial_weights(recipe, voices).digest
    torch.save({"model": {"other": torch.zeros(1)}}, published / "D.pth")
    assert find_initial_weights(recipe, voices).digest != before
    alone = evolve(
        recipe, model=evolve(SMALL, discriminator=evolve(SMALL.discriminator, weights=None))
    )
    assert find_initial_weights(alone, voices).digest != before


def test_rmvpe_without_its_weights_is_another_run_that_says_so(make_rvc, voices):
    pitch = Rmvpe(where_missing="fcpe")
    system = make_rvc(dataset={"pitch": pitch}, conversion=Conversion(num_clips=0))
    (warning,) = system.dataset_summary.warnings
    assert "fcpe" in warning
    assert "cantus fetch rmvpe" in warning
    assert ("note", warning) in figures(system.recordings)
    assert warning in system.notes
    assert system.data_digest != make_rvc().data_digest
    with pytest.raises(UserError, match=r"rmvpe.*does not exist|no .*rmvpe|cantus fetch rmvpe"):
        make_rvc(dataset={"pitch": Rmvpe()})
