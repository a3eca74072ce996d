import pytest
from attrs import evolve

from engine.errors import UserError
from engine.fetch.catalogue import Licence
from engine.fetch.licence import LICENCE_NOTE, is_accepted, licence_name, note_acceptance

LICENCE = Licence("Some licence", "one may look", "https://nowhere.invalid/licence")


def test_a_licence_is_agreed_to_once_for_a_folder(tmp_path):
    assert not is_accepted(LICENCE, tmp_path)
    note_acceptance(LICENCE, tmp_path)
    assert is_accepted(LICENCE, tmp_path)
    assert licence_name(tmp_path) == "Some licence"
    text = (tmp_path / LICENCE_NOTE).read_text()
    assert all(part in text for part in ("one may look", LICENCE.address, "accepted_on = 20"))


def test_another_licence_has_to_be_agreed_to_anew(tmp_path):
    note_acceptance(LICENCE, tmp_path)
    assert not is_accepted(evolve(LICENCE, name="Some licence 2"), tmp_path)


def test_a_damaged_note_is_named(tmp_path):
    (tmp_path / LICENCE_NOTE).write_text("named = 1")
    with pytest.raises(UserError, match=r"licence.toml is damaged"):
        is_accepted(LICENCE, tmp_path)
