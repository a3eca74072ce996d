"""Frozen parts and adapters: what learns, what stays, and what a later phase makes of them."""

import json
from typing import get_args

import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.nn.adapters import adapters_of, merged, plain_name
from engine.recipe.optimizers import AdamW, Cosine
from engine.runs.estimate import estimate_run
from engine.systems.xtts.files.weights import read_weights
from engine.systems.xtts.network.gpt import XttsGpt
from engine.systems.xtts.network.trainable import PARTS, choose_trainable
from engine.systems.xtts.recipe import Adapters, Freeze, Layer, Part
from engine.systems.xtts.speech.decode import Sampling, decode
from engine.systems.xtts.system import build
from engine.training.checkpoint import read_checkpoint
from engine.training.devices import make_device
from tests.systems.xtts.network.test_gpt import costs
from tests.systems.xtts.small_project import SMALL, StopsAt, later, load_params_of
from tests.systems.xtts.test_recipe import fault

CONSTANTS = {
    "mel.mel_stats",
    "mel.spectrogram.transform.mel_scale.fb",
    "mel.spectrogram.transform.spectrogram.window",
}
"""Buffers, which are averaged with the weights and never move."""
ADAPTERS = Adapters(rank=4, alpha=8.0)
FAST = {"gpt": AdamW(learning_rate=1e-2)}


def learning(network):
    return {name for name, value in network.named_parameters() if value.requires_grad}


def under(network, *starts):
    return {name for name, _ in network.named_parameters() if name.startswith(starts)}


def taught(network):
    """The network with adapters that add something."""
    random = torch.Generator().manual_seed(6)
    with torch.no_grad():
        for name, value in network.named_parameters():
            if ".lora_B." in name:
                value.copy_(torch.randn(value.shape, generator=random) * 0.1)
    return network


def plain_copy(network):
    """A network without adapters, with the merged weights of one that has them."""
    copy = XttsGpt(network.settings).eval()
    copy.load_state_dict(merged(network.state_dict(), transposed=True))
    return copy


def checkpoint_of(root, name, pick="best"):
    return read_checkpoint(root / f"models/{name}/checkpoints/{pick}").weights


def differing(one, other):
    return {name for name in one.keys() & other.keys() if not torch.equal(one[name], other[name])}


# ---- what learns ----


def test_every_parameter_is_in_one_of_the_parts_that_a_recipe_can_name(gpt):
    assert set(PARTS) == set(get_args(Part))
    counts = [sum(name in under(gpt, *modules) for modules in PARTS.values()) for name, _ in
              gpt.named_parameters()]  # fmt: skip
    assert set(counts) == {1}


@pytest.mark.parametrize("part", get_args(Part))
def test_a_frozen_part_gets_no_gradient_and_the_others_do(gpt, clips, part):
    choose_trainable(gpt, Freeze(parts=(part,)))
    assert learning(gpt) == under(gpt, "") - under(gpt, *PARTS[part])
    cost = costs(gpt, clips)
    (cost.audio_nats.sum() + cost.text_nats.sum()).backward()
    assert {name for name, value in gpt.named_parameters() if value.grad is not None} == learning(
        gpt
    )


def test_nothing_is_computed_back_into_layers_below_which_all_is_frozen(gpt, clips):
    below = ("conditioning", "text_embedding", "audio_embedding")
    choose_trainable(gpt, Freeze(parts=below, layers=2))
    asked = []
    for block in gpt.gpt.h:
        block.register_forward_hook(lambda _, inputs, out: asked.append(out.requires_grad))
    costs(gpt, clips)
    assert asked == [False, False, True]


@pytest.mark.parametrize("layers", [("attention.in",), ("feed_forward.out", "attention.out")])
def test_adapters_learn_and_what_is_named_besides(gpt, layers):
    choose_trainable(gpt, adapters=Adapters(rank=2, layers=layers, also=("text_head",)))
    places = {"attention.in": "attn.c_attn", "attention.out": "attn.c_proj"}
    places["feed_forward.out"] = "mlp.c_proj"
    assert learning(gpt) == under(gpt, "text_head") | {
        f"gpt.h.{number}.{places[name]}.{part}.default.weight"
        for number in range(gpt.settings.num_layers)
        for name in layers
        for part in ("lora_A", "lora_B")
    }


def test_more_layers_than_there_are_and_ranks_as_large_as_the_width_are_refused(gpt):
    with pytest.raises(UserError, match=r"freeze.layers = 4, but the transformer has 3 layers"):
        choose_trainable(gpt, Freeze(layers=4))
    with pytest.raises(
        UserError, match=r"adapters.rank = 128 must be below the GPT's width of 128"
    ):
        choose_trainable(gpt, adapters=Adapters(rank=128))


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["freeze.layers=0"], "nothing is frozen: give parts, layers or both"),
        ([f"freeze.parts={json.dumps(get_args(Part))}"], "nothing is left to train"),
        (["freeze.parts=['transformer']", "freeze.layers=2"], "remove one of the two"),
        (["freeze.parts=['text']"], "'text_head'"),
        (["freeze.layers=2", "adapters.rank=8"], "trained in full in adapters.also"),
        (["adapters.rank=0"], "must be at least 1"),
        (["adapters.layers=[]"], "must not be empty"),
        (["adapters.also=['transformer']"], "remove 'transformer' here"),
    ],
)
def test_tables_that_cannot_be_are_refused_with_the_recipe(overrides, said):
    assert said in fault(*overrides)


# ---- what a network with adapters computes ----


def test_adapters_say_what_merged_weights_say_in_training_and_in_speaking(gpt, clips):
    torch.manual_seed(5)
    plain = costs(gpt, clips).audio_nats
    choose_trainable(gpt, adapters=ADAPTERS)
    assert torch.equal(costs(gpt, clips).audio_nats, plain)
    taught(gpt.eval())
    adapted, other = costs(gpt, clips), costs(plain_copy(gpt), clips)
    assert not torch.allclose(adapted.audio_nats, plain, rtol=1e-3)
    torch.testing.assert_close(adapted.audio_nats, other.audio_nats, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(adapted.text_nats, other.text_nats, rtol=1e-5, atol=1e-5)
    latents = gpt.condition(clips.mels[:1])
    spoken = [
        decode(network, latents, [clips.text[0]], Sampling(greedy=True))
        for network in (gpt, plain_copy(gpt))
    ]
    assert torch.equal(*(one.codes[0] for one in spoken))


# ---- runs ----


def test_what_is_frozen_stays_bit_for_bit_and_the_rest_is_learned(
    train, make_xtts_recipe, make_xtts, tmp_path
):
    frozen = Freeze(parts=("conditioning", "text_head"), layers=1)
    recipe = evolve(make_xtts_recipe(steps=3), freeze=frozen)
    assert train("frozen", recipe).ending == "finished"
    started = make_xtts().module.state_dict()
    changed = differing(started, checkpoint_of(tmp_path / "frozen", "small", "last"))
    stays = ("network.conditioning_", "network.text_head.", "network.gpt.h.0.")
    assert not any(name.startswith(stays) for name in changed)
    assert {"network.gpt.h.1.attn.c_attn.weight", "network.mel_head.bias"} <= changed
    state = read_checkpoint(tmp_path / "frozen/models/small/checkpoints/last").optimizers["turns"]
    assert len(state["gpt"]["state"]) == num_learning(make_xtts, freeze=frozen)


def num_learning(make_xtts, **settings):
    network = make_xtts().module.network
    choose_trainable(network, **settings)
    return len(learning(network))


@pytest.fixture
def adapted(make_xtts_recipe):
    """A recipe with adapters, averages, warm-up, a cosine and accumulated gradients."""
    training = {"steps": 9, "batch_size": 4, "num_micro_batches": 2, "ema_decay": 0.5}
    recipe = make_xtts_recipe(**training, evaluate_every="step:3", checkpoint_every="step:4")
    schedule = {"gpt": Cosine(warmup_steps=2, final_share=0.5)}
    return evolve(recipe, adapters=ADAPTERS, schedule=schedule, optimizer=FAST)


def figures(root, name):
    return json.loads((root / f"models/{name}/metrics.json").read_text())


def test_a_run_with_every_choice_learns_and_goes_on_bit_for_bit_from_the_middle_of_an_epoch(
    train, adapted, make_xtts, tmp_path
):
    assert train("whole", adapted).ending == "finished"
    assert train("stopped", adapted, StopsAt(5)).ending == "interrupted"
    assert train("stopped", adapted).ending == "finished"
    roots = whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    for pick in ("last", "best"):
        one, other = (checkpoint_of(root, "small", pick) for root in roots)
        assert one.keys() == other.keys()
        assert not differing(one, other)
    last = read_checkpoint(whole / "models/small/checkpoints/last")
    assert 5 % last.state["steps_per_epoch"] != 0
    states = last.optimizers["turns"]["gpt"]["state"]
    assert len(states) == num_learning(make_xtts, adapters=ADAPTERS)
    assert last.average.keys() == adapters_of(last.weights).keys() | CONSTANTS
    metrics = figures(whole, "small")
    assert metrics["eval"]["mel_ce"] < metrics["untrained"]["mel_ce"] - 0.05
    assert metrics == figures(stopped, "small")


def test_an_export_is_merged_and_computes_what_the_adapters_do(
    train, adapted, spoken_project, tmp_path
):
    assert train("exported", evolve(adapted)).ending == "finished"
    root = tmp_path / "exported"
    found = read_weights(root / "models/small/export/model.pth").gpt
    system = build(adapted, spoken_project, load_params_of(spoken_project))
    system.module.load_state_dict(checkpoint_of(root, "small"))
    before = system.module.eval().network.state_dict()
    assert not adapters_of(found)
    plain = {plain_name(name): value for name, value in before.items()}
    assert differing(plain, found) == {
        f"{name.removesuffix('.adapter_scale')}.weight" for name in before if "_scale" in name
    }
    ours = system.evaluate().metrics["eval/mel_ce"]
    merged_only = evolve(adapted, adapters=None)
    plain = build(merged_only, spoken_project, load_params_of(spoken_project))
    plain.module.eval().network.load_state_dict(found)
    assert plain.evaluate().metrics["eval/mel_ce"] == pytest.approx(ours, rel=1e-5)


@pytest.mark.parametrize(
    ("adapters", "said"),
    [
        (None, "; its adapters became part of the weights"),
        (ADAPTERS, "data; learning rate"),
        (
            evolve(ADAPTERS, alpha=4.0),
            "; its adapters became part of the weights and new adapters begin, which add nothing",
        ),
        (evolve(ADAPTERS, rank=2, layers=get_args(Layer)[:2]), "new adapters begin"),
    ],
)
def test_a_later_phase_begins_as_its_parent_was_whatever_adapters_it_has(
    train, adapted, adapters, said, tmp_path
):
    first = evolve(adapted, training=evolve(adapted.training, steps=3))
    assert train("phases", first).ending == "finished"
    second = evolve(later(first), adapters=adapters, schedule={})
    watcher = StopsAt()
    assert train("phases", second, watcher).ending == "finished"
    (carried,) = (sentence for sentence in watcher.said if sentence.startswith("carried"))
    assert said in carried
    root = tmp_path / "phases"
    ended, entry = figures(root, "small")["eval"], figures(root, "later")["parent"]
    assert entry["mel_ce"] == pytest.approx(ended["mel_ce"], rel=1e-5)
    if adapters == ADAPTERS:
        assert entry == ended
        one, other = (checkpoint_of(root, name, "last") for name in ("small", "later"))
        assert differing(one, other) <= adapters_of(one).keys()


def test_adapters_begin_beside_the_weights_of_a_phase_that_had_none(
    train, make_xtts_recipe, tmp_path
):
    first = make_xtts_recipe(steps=2)
    second = evolve(later(first), adapters=ADAPTERS)
    for recipe in (first, second):
        assert train("phases", recipe).ending == "finished"
    ended, entry = (figures(tmp_path / "phases", name) for name in ("small", "later"))
    assert entry["parent"] == ended["eval"]


def test_an_optimizers_state_is_not_carried_into_other_adapters(train, adapted):
    first = evolve(adapted, training=evolve(adapted.training, steps=3))
    assert train("phases", first).ending == "finished"
    carry = {"pick": "last", "carry": ("weights", "optimizer")}
    other = evolve(later(first, **carry), adapters=None)
    with pytest.raises(UserError, match="names 'optimizer', but of small its adapters became part"):
        train("phases", other)
    assert train("phases", later(first, **carry)).ending == "finished"


def test_all_that_adapters_leave_frozen_is_small(make_xtts):
    """Adapters of rank r have r * (in + out) weights for each layer of in * out."""
    network = make_xtts(model=SMALL).module.network
    choose_trainable(network, adapters=ADAPTERS)
    dim, rank = network.settings.dim, ADAPTERS.rank
    each = rank * ((dim + 3 * dim) + (dim + dim) + 2 * (dim + 4 * dim))
    learned = sum(p.numel() for p in network.parameters() if p.requires_grad)
    assert learned == each * network.settings.num_layers


@pytest.mark.parametrize("other", [Freeze(parts=("audio_head",)), Freeze(layers=1)])
def test_an_optimizers_state_is_not_carried_to_other_frozen_parts(train, make_xtts_recipe, other):
    """The heads have as many tensors, of other shapes: a count alone would not tell them apart."""
    first = evolve(make_xtts_recipe(steps=2), freeze=Freeze(parts=("text_head",)))
    assert train("phases", first).ending == "finished"
    second = later(first, pick="last", carry=("weights", "optimizer"))
    with pytest.raises(UserError, match="optimizer's state of small does not fit this recipe's"):
        train("phases", evolve(second, freeze=other))


def test_a_plan_counts_what_is_learned_alone(make_xtts, spoken_project):
    whole, adapted = (
        estimated(make_xtts, spoken_project, adapters) for adapters in (None, ADAPTERS)
    )
    assert adapted.parameters < whole.parameters / 10
    states = [one.resumable_bytes - one.weights_bytes for one in (whole, adapted)]
    assert 8 * adapted.parameters < states[1] < states[0] / 10  # AdamW's two moments


def estimated(make_xtts, project, adapters):
    recipe, params = (
        evolve(make_xtts(batch_size=2).recipe, adapters=adapters),
        load_params_of(project),
    )
    system = build(recipe, project, params)
    return estimate_run(make_device(params.hardware, "fp32"), system, recipe, project.root)
