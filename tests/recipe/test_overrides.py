from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.files.text import visible
from engine.recipe import RecipeError
from engine.recipe.overrides import parse_override
from engine.systems.vqvae.recipe import AlignedNetwork


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("training.epochs=3", {"training": {"epochs": 3}}),
        ("training.epochs = 3", {"training": {"epochs": 3}}),
        ("a=5e-7", {"a": 5e-7}),
        ("a=true", {"a": True}),
        ("a=[1, 2]", {"a": [1, 2]}),
        ("a={ b = 1 }", {"a": {"b": 1}}),
        ("a=word", {"a": "word"}),
        ("start.pick=step:1500", {"start": {"pick": "step:1500"}}),
        ("training.best=eval/rmse_db", {"training": {"best": "eval/rmse_db"}}),
        ('a="two words"', {"a": "two words"}),
        ('guard."my guard".below=1', {"guard": {"my guard": {"below": 1}}}),
        ('"a=b"=1', {"a=b": 1}),
        ("a='x=y'", {"a": "x=y"}),
    ],
)
def test_a_value_is_toml_or_a_word(text, values):
    assert parse_override(text).values == values


@pytest.mark.parametrize(
    "text", ["", "=", "a", "a=", "=1", "a b=1", "a=[1", "a=two words", "#=1", "a=1\nb=2", "a.=1"]
)
def test_what_is_no_assignment_is_refused(text):
    with pytest.raises(RecipeError) as caught:
        parse_override(text)
    assert str(caught.value).startswith(visible(f"-S {text}  "))


def test_an_override_changes_one_value(load, minimal):
    training = load(minimal, "training.epochs=3").training
    assert (training.epochs, training.batch_size) == (3, 64)


def test_the_last_override_counts(load, minimal):
    assert load(minimal, "training.epochs=3", "training.epochs=4").training.epochs == 4


def test_a_guard_is_changed_by_its_metric(load, minimal):
    text = minimal + "\n[guard]\n'eval/loss' = { at = 'epoch:5', below = 9.0 }\n"
    (guard,) = load(text, 'guard."eval/loss".at=epoch:6').guard["eval/loss"]
    assert (guard.at, guard.below) == ("epoch:6", 9.0)


def test_a_name_stays_an_overrides(load, minimal):
    text = minimal.replace('name = "words"\n', "")
    assert load(text, "training.epochs=3", "summary=a").name == "words"


def test_a_fault_names_the_override(faults, minimal):
    (fault,) = faults(minimal, "training.epohs=3")
    assert fault.startswith(
        "-S training.epohs=3  training.epohs: no such setting; did you mean 'epochs'?"
    )


def test_a_value_laid_over_a_table_is_refused(faults, minimal):
    assert faults(minimal, "model=3") == ["-S model=3  model: expected a table, got 3"]


def test_a_new_kind_drops_what_was_below(load, minimal):
    text = minimal.replace('kind = "puzzle"', 'kind = "puzzle"\nlatent_dim = 8')
    model = load(text, "model.kind=aligned", "model.quantizer.kind=gradient").model
    assert (model.kind, model.latent_dim) == ("aligned", AlignedNetwork().latent_dim)


@given(st.text(max_size=30))
def test_any_text_is_an_override_or_an_error(text):
    with suppress(RecipeError):
        assert parse_override(text).values
