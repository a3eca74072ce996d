from engine.training.code import code_version
from tests.training.toy import toy_recipe


def test_the_version_is_the_same_for_the_same_code():
    assert code_version(toy_recipe()) == code_version(toy_recipe(epochs=7))


def test_an_edit_of_the_systems_room_is_another_version(tmp_path, monkeypatch):
    import shutil
    import sys

    from tests.training import toy

    room = tmp_path / "edited_room"
    room.mkdir()
    shutil.copy(toy.__file__, room / "toy_copy.py")
    (room / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    from edited_room import toy_copy

    before = code_version(toy_copy.toy_recipe())
    (room / "toy_copy.py").write_text((room / "toy_copy.py").read_text() + "# edited\n")
    assert code_version(toy_copy.toy_recipe()) != before
    sys.modules.pop("edited_room.toy_copy")
