import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import HiggsAudioV2ForConditionalGeneration

from engine.errors import UserError
from engine.nn.adapters import adapt, adapters_of, plain_name
from engine.systems.codec_lm.files.published import Origin, load_published
from engine.systems.codec_lm.higgs.keys import to_legacy
from engine.systems.codec_lm.higgs.template import CHAT_TEMPLATE
from tests.systems.codec_lm.tiny_higgs import tiny_model, write_published

HEAD = "text_lm_head.weight"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published") / "higgs"
    write_published(folder)
    return folder


@pytest.fixture(scope="module")
def weights(published):
    return load_file(published / "model.safetensors")


def untrained(**changed):
    """A network that is to have the weights; it begins with others."""
    model = tiny_model(**changed)
    with torch.no_grad():
        for value in model.parameters():
            value.zero_()
    return model


def written(folder, state):
    save_file(
        {name: value.contiguous() for name, value in state.items()}, folder / "model.safetensors"
    )
    return folder / "model.safetensors"


def holds(model, weights):
    state = model.state_dict()
    return state.keys() == weights.keys() and all(
        torch.equal(state[name], value.to(state[name].dtype)) for name, value in weights.items()
    )


def test_the_weights_of_one_file_are_given_to_the_model(published, weights):
    model = untrained()

    said = load_published(model, published / "model.safetensors")

    assert holds(model, weights)
    assert said == f"{len(weights)} tensors of higgs/model.safetensors"


def test_the_weights_of_several_files_are_given_by_their_index(tmp_path, weights):
    write_published(tmp_path, max_shard_size="20KB")
    model = untrained()

    load_published(model, tmp_path / "model.safetensors.index.json")

    assert len(list(tmp_path.glob("model-*.safetensors"))) > 3
    assert holds(model, weights)


def test_weights_of_a_shorter_type_are_read_into_a_longer_one(tmp_path, weights):
    short = {name: value.bfloat16() for name, value in weights.items()}
    model = untrained()

    load_published(model, written(tmp_path, short))

    assert model.dtype == torch.float32
    assert holds(model, short)


def test_a_pickle_is_read_and_one_that_holds_code_is_refused(tmp_path, weights):
    model = untrained()
    torch.save(weights, tmp_path / "pytorch_model.bin")
    load_published(model, tmp_path / "pytorch_model.bin")
    assert holds(model, weights)

    torch.save({"a": pytest.raises}, tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"would run as code|cannot be read safely"):
        load_published(model, tmp_path / "pytorch_model.bin")


def test_adapters_of_the_model_stay_as_they_are(published, weights):
    model = untrained()
    adapt(model, ["model.layers.0.self_attn.q_proj"], rank=2, alpha=4.0)
    before = {name: value.clone() for name, value in adapters_of(model.state_dict()).items()}

    load_published(model, published / "model.safetensors")

    state = model.state_dict()
    after = adapters_of(state)
    assert len(after) == 3
    assert all(torch.equal(after[name], value) for name, value in before.items())
    plain = {plain_name(name): value for name, value in state.items() if name not in after}
    assert plain.keys() == weights.keys()
    assert all(torch.equal(plain[name], value) for name, value in weights.items())


# ---- other layouts ----


def test_the_legacy_layout_is_renamed_and_that_is_said(tmp_path, weights):
    model = untrained()

    said = load_published(model, written(tmp_path, to_legacy(weights)))

    assert holds(model, weights)
    assert "renamed from the layout of before April 2026" in said


@pytest.mark.parametrize("prefix", ["model.", "module.model.", "module._orig_mod."])
def test_names_of_a_wrapper_that_was_saved_are_read_without_it(tmp_path, weights, prefix):
    model = untrained()

    said = load_published(model, written(tmp_path, {prefix + n: v for n, v in weights.items()}))

    assert holds(model, weights)
    assert f"began with '{prefix}'" in said


def test_copies_of_heads_are_left_out_and_counted(tmp_path, weights):
    model = untrained()
    copy = {"audio_decoder_proj.text_lm_head.weight": weights[HEAD].clone()}

    assert "1 copies of heads left out" in load_published(model, written(tmp_path, weights | copy))
    assert holds(model, weights)


# ---- a text head that is not there ----


@pytest.fixture
def without_head(tmp_path, published):
    """What happens to a folder that is loaded without the flag and saved again."""
    model = HiggsAudioV2ForConditionalGeneration.from_pretrained(published, local_files_only=True)
    model.save_pretrained(tmp_path)
    return tmp_path / "model.safetensors"


def test_weights_without_a_text_head_are_refused_with_the_ways_out(without_head):
    with pytest.raises(UserError, match=r"1 missing \(text_lm_head.weight\)") as told:
        load_published(untrained(), without_head)

    assert "without use_text_head=True" in str(told.value)
    assert "model.new_text_head = true" in str(told.value)


def test_a_recipe_may_begin_with_a_new_text_head(without_head, weights):
    model = untrained()
    with torch.no_grad():
        model.text_lm_head.weight.fill_(0.5)

    said = load_published(model, without_head, new_text_head=True)

    assert "the text head is untrained" in said
    assert holds(model, weights | {HEAD: torch.full_like(weights[HEAD], 0.5)})


def test_a_text_head_that_is_there_is_taken_in_any_case(published, weights):
    model = untrained()

    assert "new" not in load_published(model, published / "model.safetensors", new_text_head=True)
    assert holds(model, weights)


# ---- faults ----


def changed(weights, **named):
    """The weights with some of other shapes."""
    shaped = {name.replace("__", "."): torch.zeros(shape) for name, shape in named.items()}
    return {**weights, **shaped}


def lacking(weights, name):
    return {key: value for key, value in weights.items() if key != name}


FAULTS = {
    "missing": (
        lambda w: lacking(w, "model.norm.weight"),
        r"1 of \d+ tensors do not fit: 1 missing \(model.norm.weight\)",
    ),
    "too many": (lambda w: w | {"more.weight": torch.zeros(1)}, r"1 too many \(more.weight\)"),
    "of another shape": (
        lambda w: changed(w, model__norm__weight=(7,)),
        r"1 of another shape \(model.norm.weight \[7\] instead of \[32\]\)",
    ),
    "another codec": (
        lambda w: changed(w, audio_lm_head__weight=(8 * 18, 32)),
        "the weights have 144 entries over all codebooks, .* and the model 72",
    ),
    "another tokenizer": (
        lambda w: changed(w, model__embed_tokens__weight=(100, 32)),
        "the weights have 100 text tokens",
    ),
    "of other layers": (
        lambda w: {n: v for n, v in w.items() if not n.startswith("model.layers.1.")},
        "the weights have 1 layers, and the model 2",
    ),
    "of another width": (
        lambda w: changed(w, model__embed_tokens__weight=(len(w[HEAD]), 64)),
        "the weights are 64 wide, and the model 32",
    ),
    "adapters": (
        lambda w: {"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": w[HEAD]},
        r"low-rank adapters .* \(peft: merge_and_unload\)",
    ),
    "of another kind": (lambda w: {"encoder.weight": w[HEAD]}, "the weights are of another kind"),
    "damaged": (
        lambda w: w | {"model.norm.weight": torch.full((32,), float("nan"))},
        "NaN or infinity in model.norm.weight",
    ),
    "quantised": (
        lambda w: {n: v.to(torch.int8) for n, v in w.items()},
        "whole numbers in .* quantized",
    ),
    "half a weight": (
        lambda w: (
            to_legacy(lacking(w, "model.embed_tokens.weight"))
            | {"embed_tokens.embedding_frozen.weight": w["model.embed_tokens.weight"]}
        ),
        r"too many \(model.embed_tokens.embedding_frozen.weight\)",
    ),
    "empty": (lambda _: {}, "of another kind"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_weights_that_do_not_fit_are_told_apart_and_nothing_is_loaded(tmp_path, weights, fault):
    spoil, said = FAULTS[fault]
    model = untrained()

    with pytest.raises(UserError, match=said):
        load_published(model, written(tmp_path, spoil(dict(weights))))

    assert not any(bool(value.any()) for value in model.parameters())


# ---- what lies beside the weights ----


def test_the_folders_own_template_and_licence_are_taken_where_it_has_them(tmp_path):
    own = Origin.of(tmp_path)
    assert own.chat_template == CHAT_TEMPLATE
    assert "Boson" in own.licence

    (tmp_path / "chat_template.jinja").write_text("{{ bos_token }}")
    (tmp_path / "licence.toml").write_text('name = "mine"')

    assert Origin.of(tmp_path) == Origin("mine", "{{ bos_token }}")
