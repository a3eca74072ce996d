"""The GPT as the loop sees it: two phases, stopped and gone on with, and what comes out of them."""

import json

import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.evaluation.clip_table import read_clip_table
from engine.evaluation.unit import differences
from engine.project import Project
from engine.recipe.optimizers import AdamW
from engine.recipe.training import Start
from engine.systems.xtts.files.published import VOCABULARY
from engine.systems.xtts.files.weights import read_weights
from engine.systems.xtts.network.dvae import Dvae, DvaeSettings
from engine.systems.xtts.network.gpt import GptSettings
from engine.systems.xtts.recipe import Losses, Published, Speech
from engine.systems.xtts.system import XttsSystem, build
from engine.systems.xtts.text.tokenizer import Tokenizer
from engine.tracking.events import read_events
from engine.training.checkpoint import read_checkpoint
from engine.training.optimizers import build_optimizer
from engine.training.step import check_turns
from tests.systems.xtts.small_project import (
    SENTENCES,
    SMALL,
    StopsAt,
    later,
    let_know_how_often_tokens_stop,
    load_params_of,
)


def metrics_of(root, name):
    return json.loads((root / f"models/{name}/metrics.json").read_text())


def weights_of(root, name):
    return read_checkpoint(root / f"models/{name}/checkpoints/last").weights


def steps_per_epoch(root, recipe):
    last = read_checkpoint(root / f"models/{recipe.name}/checkpoints/last")
    return last.state["steps_per_epoch"]


def differing(one, other):
    assert one.keys() == other.keys()
    return [name for name in one if not torch.equal(one[name], other[name])]


def test_a_first_and_a_second_phase_go_on_bit_for_bit_from_the_middle_of_an_epoch(
    train, make_xtts_recipe, tmp_path
):
    """The signals come at steps 2 and 5: a checkpoint is written there, and at every fourth."""
    first = make_xtts_recipe(steps=7, evaluate_every="step:3", checkpoint_every="step:4")
    second = later(first)
    for recipe, step in ((first, 2), (second, 5)):
        assert train("whole", recipe).ending == "finished"
        assert step % steps_per_epoch(tmp_path / "whole", recipe) != 0
        stopped = train("stopped", recipe, StopsAt(step))
        assert (stopped.ending, f"at step {step}" in stopped.message) == ("interrupted", True)
        watcher = StopsAt()
        assert train("stopped", recipe, watcher).ending == "finished"
        assert f"resumed at step {step}" in watcher.said
        whole, resumed = (weights_of(tmp_path / root, recipe.name) for root in ("whole", "stopped"))
        assert differing(whole, resumed) == []
        files = [tmp_path / root / f"metrics/{recipe.name}.json" for root in ("whole", "stopped")]
        assert files[0].read_bytes() == files[1].read_bytes()
    assert differing(weights_of(tmp_path / "whole", "small"), whole)
    parent, entry = (metrics_of(tmp_path / "whole", name) for name in ("small", "later"))
    assert entry["parent"] == parent["eval"]
    assert entry["evaluation_set"] == parent["evaluation_set"]


def exported_system(make_xtts):
    """The system whose weights `published` holds: always of the same seed."""
    system = make_xtts()
    network, own = system.module.network, system.module.network.settings
    heads = [network.text_head, network.mel_head]
    stops = [own.stop_text_token, own.stop_audio_token]
    let_know_how_often_tokens_stop(zip(heads, stops, strict=True))
    return system


@pytest.fixture
def published(spoken_project, make_xtts, monkeypatch):
    """A folder in the published form, which any copy of the project holds. It has no decoder."""
    monkeypatch.setattr(XttsSystem, "_vocoder", None)  # 22 million weights, which nothing trains
    folder = spoken_project.root / "published" / "small"
    if not folder.exists():
        system = exported_system(make_xtts)
        system.export(folder)
        torch.save(system.assets.mel_stats, folder / "mel_stats.pth")
        torch.manual_seed(3)
        small = DvaeSettings(num_codes=16, codebook_dim=8, hidden_dim=8, num_resnet_blocks=1)
        torch.save(Dvae(small).state_dict(), folder / "dvae.pth")
    return Published(folder="published/small", dropout=0.0)


def test_the_first_authors_mistake_is_refused_before_step_1(
    train, make_xtts_recipe, published, tmp_path
):
    """Phase 1 is evaluated on 6 clips; phase 2 on clips of its own, most of them learned from."""
    start = Start(weights="published/small/model.pth")
    first = evolve(make_xtts_recipe(model=published, steps=2), start=start)
    first = evolve(first, dataset=evolve(first.dataset, num_eval_clips=6))
    assert train("phases", first).ending == "finished"
    second = later(first, evaluation="own")
    second = evolve(second, dataset=evolve(first.dataset, num_eval_clips=None, eval_share=0.5))
    with pytest.raises(UserError) as caught:
        train("phases", second)
    root = tmp_path / "phases"
    ours = build(second, Project(root), load_params_of(Project(root))).eval_clips.ids
    theirs = read_clip_table(root / "models/small/evaluation/clips.tsv").ids
    both = len(set(ours) & set(build_train_ids(first, root)))
    assert len(theirs) == 6
    assert 0 < both < len(ours)
    said = str(caught.value)
    assert f"{both} of the {len(ours)} evaluation clips were trained on by small" in said
    assert "Set start.evaluation = 'inherited'" in said
    (log,) = root.glob("runs/later/*/events.jsonl")
    assert not any(event.kind == "train" for event in read_events(log))


def build_train_ids(recipe, root):
    return build(recipe, Project(root), load_params_of(Project(root))).train_clips.ids


def test_the_first_figures_of_a_fine_tuning_are_those_of_the_published_weights(
    make_xtts_recipe, spoken_project, published, make_xtts
):
    params = load_params_of(spoken_project)
    recipe = make_xtts_recipe(model=published)
    system = build(recipe, spoken_project, params)
    before = system.evaluate().metrics["eval/text_ce"]
    said = system.load_published(spoken_project.root / "published/small/model.pth")
    assert f"{len(system.module.network.state_dict())} tensors of the GPT" in said
    given = exported_system(make_xtts).module.network.state_dict()
    assert differing(given, system.module.network.state_dict()) == []
    assert system.evaluate().metrics["eval/text_ce"] != before


def test_weights_that_do_not_fit_the_published_sizes_are_refused_with_nothing_loaded(
    make_xtts_recipe, spoken_project, published, make_xtts, tmp_path
):
    larger = make_xtts(model=evolve(SMALL, dim=48))
    larger.export(tmp_path / "larger")
    system = make_xtts(model=published)
    before = {name: value.clone() for name, value in system.module.state_dict().items()}
    with pytest.raises(UserError, match="the weights are 48 wide, and the model 32"):
        system.load_published(tmp_path / "larger" / "model.pth")
    assert differing(before, system.module.state_dict()) == []


def test_what_is_exported_reads_as_what_was_trained(make_xtts, tmp_path):
    system = make_xtts()
    with torch.no_grad():
        for parameter in system.module.parameters():
            parameter.add_(0.01)
    system.export(tmp_path / "export")
    read = read_weights(tmp_path / "export" / "model.pth")
    assert differing(system.module.network.state_dict(), read.gpt) == []
    assert torch.equal(read.mel_stats, system.assets.mel_stats)
    tokenizer = Tokenizer.open(tmp_path / "export" / VOCABULARY)
    assert tokenizer.encode("jó napot", "hu") == system.assets.vocabulary.tokenizer.encode(
        "jó napot", "hu"
    )
    config = json.loads((tmp_path / "export" / "config.json").read_text())
    assert GptSettings.of_config(config, dropout=0.1) == system.assets.settings
    assert config["languages"] == ["hu"]
    card = json.loads((tmp_path / "export" / "xtts.json").read_text())
    assert card["evaluation_set"] == system.evaluation_set
    assert not card["has_decoder"]


def test_every_parameter_belongs_to_the_one_turn(make_xtts):
    system = make_xtts()
    check_turns(system)
    (turn,) = system.turns
    assert turn.parameters.keys() == {name for name, _ in system.module.named_parameters()}


def test_biases_norms_and_embeddings_do_not_decay_where_the_recipe_says_weights(make_xtts):
    (turn,) = make_xtts().turns
    spared = turn.undecayed
    for name in ("text_embedding", "mel_embedding", "text_pos_embedding.emb", "gpt.ln_f"):
        assert f"network.{name}.weight" in spared
    assert "network.gpt.h.0.ln_1.weight" in spared
    assert all(name in spared for name in turn.parameters if name.endswith(".bias"))
    decays = {name.removeprefix("network.") for name in turn.parameters.keys() - spared}
    for name in ("gpt.h.1.attn.c_attn", "gpt.h.0.mlp.c_proj", "text_head", "mel_head"):
        assert f"{name}.weight" in decays
    for name in ("conditioning_encoder.init", "conditioning_perceiver.layers.0.0.to_q"):
        assert f"{name}.weight" in decays
    assert all(turn.parameters[f"network.{name}"].ndim > 1 for name in decays)
    table = AdamW(learning_rate=1e-3, weight_decay=0.01, decays="weights")
    groups = build_optimizer(table, turn.parameters, spared).param_groups
    assert [group["weight_decay"] for group in groups] == [0.01, 0.0]
    assert [len(group["params"]) for group in groups] == [len(decays), len(spared)]


def test_the_metrics_of_an_evaluation_are_those_that_the_recipe_declares(make_xtts):
    system = make_xtts()
    declared = type(system.recipe).metrics
    found = system.evaluate()
    made = ("eval/speech/", "eval/judged/")  # see test_samples and test_judged
    spoken = {name for name in declared if name.startswith(made)}
    assert set(found.metrics) == {n for n in declared if n.startswith("eval/")} - spoken
    assert all(len(values) == len(system.eval_clips) for values in found.per_clip.values())
    for name in system.baselines().metrics:
        _, coder, metric = name.split("/")
        assert (coder in {"uniform", "unigram", "bigram"}, f"eval/{metric}" in declared) == (1, 1)


def test_no_sentence_is_both_learned_from_and_evaluated_on(make_xtts):
    system = make_xtts()
    clips = system.corpus.manifest.clips
    texts = [
        {clips[row].text for row in part.rows.tolist()}
        for part in (system.train_clips, system.eval_clips)
    ]
    assert texts[0].isdisjoint(texts[1])
    assert texts[0] | texts[1] == set(SENTENCES)


def test_the_evaluation_set_depends_on_clips_tokens_and_what_is_heard_alone(make_xtts):
    one = make_xtts().evaluation_set
    assert make_xtts(model=evolve(SMALL, num_layers=3), steps=9).evaluation_set == one
    assert make_xtts(seed=2).evaluation_set == one
    for other in (
        {"dataset": {"num_eval_clips": 3}},
        {"dataset": {"conditioning": "same_speaker"}},
        {"dataset": {"conditioning_seconds": (0.3, 0.7)}},
        {"model": evolve(SMALL, num_merges=4)},
        {"model": evolve(SMALL, num_codes=8)},
    ):
        assert make_xtts(**other).evaluation_set != one, other


def test_figures_of_other_loss_weights_are_of_another_scale(make_xtts):
    one, other = make_xtts().metric_units, make_xtts(losses=Losses(text_ce=0.02)).metric_units
    assert one.keys() == other.keys()
    assert {name for name in one if one[name] != other[name]} == {"loss", "text_ce_weighted"}
    (said,) = differences(one["loss"], other["loss"], "a", "b")
    assert said == "losses.text_ce is 0.01 in a and 0.02 in b"


def test_fewer_training_clips_than_a_batch_are_refused(make_xtts):
    with pytest.raises(UserError, match=r"has \d+ training clips, fewer than a batch of 64"):
        make_xtts(batch_size=64)


@pytest.mark.parametrize(
    ("sentence", "said"), [('"', "nothing to speak"), ("jó napot " * 60, "text tokens, and the")]
)
def test_a_sentence_that_cannot_be_spoken_is_refused_before_training(
    make_xtts_recipe, spoken_project, sentence, said
):
    recipe = evolve(make_xtts_recipe(), speech=Speech(sentences=("jó napot", sentence)))
    with pytest.raises(UserError, match=said):
        build(recipe, spoken_project, load_params_of(spoken_project))


def test_a_dvae_with_more_codes_than_the_gpt_was_made_for_is_refused(
    spoken_project, published, make_xtts
):
    path = spoken_project.root / "published/small/dvae.pth"
    kept = path.read_bytes()
    more = DvaeSettings(num_codes=64, codebook_dim=8, hidden_dim=8, num_resnet_blocks=1)
    torch.save(Dvae(more).state_dict(), path)
    try:
        with pytest.raises(UserError, match="has 64 codes, and the GPT's START is code"):
            make_xtts(model=published)
    finally:
        path.write_bytes(kept)
