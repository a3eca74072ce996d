"""The language model as the loop sees it: stopped and gone on with, and what comes out of it."""

import json
import shutil

import numpy as np
import pytest
import torch
from attrs import evolve
from transformers import HiggsAudioV2ForConditionalGeneration

from engine.errors import UserError
from engine.project import Project
from engine.recipe import load_params, write_recipe
from engine.recipe.training import Start
from engine.runs.run import Run
from engine.system_support.build import build_system
from engine.systems.codec_lm.recipe import Adapters, Codec, CodecLmRecipe, Losses, Speech
from engine.training.checkpoint import read_checkpoint
from engine.training.step import check_turns
from tests.systems.codec_lm.voices_project import SMALL, VOICES, write_codec
from tests.systems.resumed import ends_alike
from tests.systems.stops_at import StopsAt
from tests.systems.used_as_said import used_as_said

SILENT = Speech(num_clips=0)


@pytest.fixture
def train(voices_project, tmp_path, monkeypatch):
    """Trains in a copy of the project of that name: train(name, recipe, watcher)."""
    monkeypatch.setattr("engine.runs.finish.build_report", lambda *_: None)  # seconds of curves

    def run(name, recipe, watcher=None):
        root = tmp_path / name
        if not root.exists():
            shutil.copytree(voices_project.root, root)
        project = Project(root)
        params = load_params(project.params)
        return Run(recipe, project, params, build_system, watcher or StopsAt()).train()

    return run


@pytest.fixture
def make_system(voices_project, make_recipe):
    """A system: make(adapters=None, speech=SILENT, dataset={...}, ...)."""

    def make(adapters=None, speech=SILENT, losses=None, **settings):
        recipe = evolve(make_recipe(**settings), adapters=adapters, speech=speech)
        recipe = evolve(recipe, losses=losses or recipe.losses)
        torch.manual_seed(0)
        return build_system(recipe, voices_project, load_params(voices_project.params))

    return make


def test_a_stopped_run_with_adapters_and_drawn_references_ends_bit_for_bit_like_another(
    train, make_recipe, tmp_path
):
    recipe = make_recipe(steps=7, num_micro_batches=2, ema_decay=0.5, checkpoint_every="step:3")
    recipe = evolve(recipe, adapters=Adapters(rank=4, dropout=0.1), speech=SILENT)
    last = ends_alike(train, recipe, tmp_path)
    learned = [name for name in last.weights if ".lora_B." in name]
    assert learned
    assert all(bool(last.weights[name].any()) for name in learned)


def test_adapters_begin_beside_a_parents_weights_and_compute_the_same(train, make_recipe, tmp_path):
    first = evolve(make_recipe(steps=3), speech=SILENT)
    assert train("phases", first).ending == "finished"
    second = evolve(
        make_recipe(steps=3),
        name="later",
        speech=SILENT,
        adapters=Adapters(rank=4),
        start=Start(from_="small", pick="last"),
    )
    watcher = StopsAt()
    assert train("phases", second, watcher).ending == "finished"
    assert any("new adapters begin, which add nothing yet" in said for said in watcher.said)
    own, parent = (
        json.loads((tmp_path / f"phases/models/{name}/metrics.json").read_text())
        for name in ("later", "small")
    )
    assert own["evaluation_set"] == parent["evaluation_set"]
    kept = read_checkpoint(tmp_path / "phases/models/later/checkpoints/last").weights
    before = read_checkpoint(tmp_path / "phases/models/small/checkpoints/last").weights
    name = "network.model.model.layers.0.audio_mlp.up_proj"
    assert torch.equal(kept[f"{name}.base_layer.weight"], before[f"{name}.weight"])


def test_codes_of_another_codec_are_refused_by_the_weights_that_learned_others(
    train, make_recipe, tmp_path
):
    first = evolve(make_recipe(steps=2), speech=SILENT)
    assert train("phases", first).ending == "finished"
    write_codec(tmp_path / "phases/published/other", seed=5)
    second = evolve(
        make_recipe(steps=2, codec=Codec(folder="published/other")),
        name="later",
        speech=SILENT,
        start=Start(from_="small", evaluation="own"),
    )
    with pytest.raises(UserError, match="trained with the codes of another codec"):
        train("phases", second)


def test_whole_speakers_are_held_out_and_pairs_of_clips_of_others(make_system):
    system = make_system(dataset={"num_seen_clips": 4})
    training, unseen, seen = system.train_clips, system.eval_clips, system.seen_clips
    assert set(training.speakers) | set(unseen.speakers) == set(VOICES)
    assert not set(training.speakers) & set(unseen.speakers)
    assert len(seen) == 4
    assert set(seen.speakers) <= set(training.speakers)
    assert not set(seen.ids) & set(training.ids)
    assert all(
        seen.speakers[place] == seen.speakers[reference] and place != reference
        for place, reference in enumerate(seen.fixed_references)
    )
    assert any("4 clips of 2 who are" in note for note in system.notes)


def test_speakers_that_a_random_split_leaves_in_both_sets_are_counted(make_system):
    apart, random = make_system(), make_system(dataset={"split": "random"})
    assert any("speakers, none of whom are trained on" in note for note in apart.notes)
    both = len(set(random.eval_clips.speakers) & set(random.train_clips.speakers))
    assert both
    assert any(f"speakers, {both} of whom are trained on" in note for note in random.notes)


def test_a_batch_is_left_where_clips_of_seen_speakers_are_held_out(make_system):
    system = make_system(dataset={"num_seen_clips": 100}, batch_size=12)
    assert len(system.train_clips) >= 12
    assert len(system.seen_clips) == 2


def test_ingest_says_of_a_recipe_what_its_run_does(voices_project, make_recipe):
    recipe = make_recipe(dataset={"num_seen_clips": 4})
    assert used_as_said(recipe, voices_project)[1] == 25


def test_the_metrics_of_an_evaluation_are_those_that_the_recipe_declares(make_system):
    system = make_system(dataset={"num_seen_clips": 4})
    found = system.evaluate()
    declared = set(CodecLmRecipe.metrics)
    ours = {name.replace("codebook_1/", "codebook_<n>/") for name in found.metrics}
    ours = {name for name in ours if "codebook_2" not in name}
    ours = {name for name in ours if not any(f"codebook_{k}/" in name for k in (3, 4))}
    made = ("eval/generated/", "eval/speech/", "eval/judged/")
    assert ours == {
        name for name in declared if name.startswith("eval/") and not name.startswith(made)
    }
    assert all(len(values) == len(system.eval_clips) for values in found.per_clip.values())
    for name in ("audio_ce", "text_ce", "accuracy"):
        assert found.per_clip[name].shape == (len(system.eval_clips),)


def test_fresh_weights_cost_about_as_much_as_a_table_in_which_all_entries_are_alike(make_system):
    system = make_system()
    tables = system.baselines().metrics
    assert tables["baseline/uniform/audio_ce"] == pytest.approx(torch.tensor(18.0).log().item())
    assert tables["baseline/unigram/audio_ce"] < tables["baseline/uniform/audio_ce"]
    assert system.evaluate().metrics["eval/audio_ce"] == pytest.approx(
        tables["baseline/uniform/audio_ce"], rel=0.02
    )


def test_the_evaluation_set_has_another_digest_with_another_codec_and_none_with_other_rates(
    make_system, voices_project
):
    write_codec(voices_project.root / "published/another", seed=7)
    same, weighed, other = (
        make_system(),
        make_system(losses=Losses(text_ce=0.5)),
        make_system(codec=Codec(folder="published/another")),
    )
    assert same.evaluation_set == weighed.evaluation_set
    assert same.metric_units["loss"] != weighed.metric_units["loss"]
    assert same.evaluation_set != other.evaluation_set
    assert same.data_digest != other.data_digest


def test_figures_have_another_unit_where_clips_are_lent_other_references(make_system):
    wide, narrow = make_system(), make_system()
    clips = narrow.eval_clips
    lent = clips.other_speakers
    voices = np.array(clips.speakers)
    other = next(
        place for place in range(len(clips)) if place != lent[0] and voices[place] != voices[0]
    )
    object.__setattr__(clips, "other_speakers", [other, *lent[1:]])
    assert clips.fixed_references == wide.eval_clips.fixed_references
    assert wide.evaluation_set != narrow.evaluation_set


def test_figures_of_seen_speakers_have_another_unit_where_a_transcript_is_another(make_system):
    one, other = (make_system(dataset={"num_seen_clips": 4}) for _ in range(2))
    assert one.metric_units == other.metric_units
    another = make_system(dataset={"num_seen_clips": 4})
    clips = another.seen_clips
    another.seen_clips = evolve(clips, texts=(clips.texts[0][:-1], *clips.texts[1:]))
    assert one.metric_units["seen/audio_ce"] != another.metric_units["seen/audio_ce"]


def test_averages_of_weights_in_bf16_are_refused(make_recipe):
    recipe = evolve(make_recipe(ema_decay=0.9), model=evolve(SMALL, weights="bfloat16"))
    said = dict(recipe.cross_checks())
    assert "would never change" in said["training.ema_decay"]


def test_adapters_that_go_on_belong_to_what_they_began_beside(own_project, make_recipe):
    def built(name, start, adapters):
        recipe = evolve(make_recipe(), name=name, speech=SILENT, adapters=adapters, start=start)
        write_recipe(recipe, own_project.model(name) / "recipe.toml")
        return build_system(recipe, own_project, load_params(own_project.params)).origin.adapted

    def after(name):
        return Start(from_=name, evaluation="own")

    rank4 = Adapters(rank=4)
    assert built("base", None, None) is None
    assert built("first", after("base"), rank4) == "models/base/export/transformers"
    goes_on = evolve(rank4, dropout=0.1)
    assert built("second", after("first"), goes_on) == "models/base/export/transformers"
    assert built("third", after("second"), Adapters(rank=2)) == "models/second/export/transformers"


def test_every_parameter_belongs_to_the_one_turn_and_norms_and_embeddings_do_not_decay(
    make_system,
):
    system = make_system()
    check_turns(system)
    (turn,) = system.turns
    assert turn.parameters.keys() == {name for name, _ in system.module.named_parameters()}
    spared = {name.removeprefix("network.model.") for name in turn.undecayed}
    assert "model.embed_tokens.weight" in spared
    assert "model.embed_audio_tokens.embed_audio_tokens.weight" in spared
    assert "model.layers.0.audio_input_layernorm.weight" in spared
    assert not any("_proj" in name or "head" in name for name in spared)


def test_an_export_with_adapters_is_loaded_by_transformers_and_costs_what_the_model_does(
    make_system, tmp_path
):
    system = make_system(adapters=Adapters(rank=4))
    with torch.no_grad():
        for parameter in next(iter(system.turns)).parameters.values():
            parameter.add_(0.05)
    system.export(tmp_path / "export")
    folder = tmp_path / "export" / "transformers"
    loaded = HiggsAudioV2ForConditionalGeneration.from_pretrained(folder, use_text_head=True)
    before = system.evaluate().metrics["eval/loss"]
    plain = make_system()
    plain.module.network.model.load_state_dict(loaded.state_dict())
    assert plain.evaluate().metrics["eval/loss"] == pytest.approx(before, rel=1e-5)
    assert (folder / "adapters" / "adapter_config.json").is_file()


def test_a_rank_as_wide_as_the_model_is_refused(make_system):
    with pytest.raises(UserError, match=f"the model's width of {SMALL.dim}"):
        make_system(adapters=Adapters(rank=SMALL.dim))
