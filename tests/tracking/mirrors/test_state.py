import shutil

import pytest
from attrs import evolve

from engine.tracking.mirrors.place import repository_in
from engine.tracking.mirrors.state import (
    LAYOUT,
    AlreadyMirroredError,
    MirrorState,
    is_behind,
    read_state,
    read_states,
    run_key,
    sole_mirror,
    write_state,
)
from tests.run_folders import add_events, make_run, start


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "runs" / "audio_vae" / "a", [start("audio_vae")])


def state(offset: int = 0, started: float = 1.0, recipe: str = "audio_vae") -> MirrorState:
    return MirrorState("ab12", recipe, "rmse_db", started, offset, layout=LAYOUT)


def test_a_run_keeps_its_key_when_it_grows_or_is_copied(run, tmp_path):
    key = run_key(run)
    shutil.copytree(run, tmp_path / "models" / "audio_vae")
    add_events(run, [start("other")])
    assert run_key(run) == run_key(tmp_path / "models" / "audio_vae") == key


def test_training_again_is_another_run(run, tmp_path):
    again = make_run(tmp_path / "again", [start("audio_vae", time=200.0)])
    assert run_key(again) != run_key(run)


def test_a_run_without_a_whole_first_event_has_no_key_and_nothing_to_mirror(tmp_path):
    assert run_key(tmp_path) is None
    (tmp_path / "events.jsonl").write_text('{"kind": "sta')
    assert run_key(tmp_path) is None
    assert not is_behind(repository_in(tmp_path), tmp_path)


def test_aim_is_behind_until_it_holds_every_byte(run, tmp_path):
    size = (run / "events.jsonl").stat().st_size
    key = run_key(run)
    assert is_behind(repository_in(tmp_path), run)
    write_state(repository_in(tmp_path), key, state(offset=size))
    assert read_state(repository_in(tmp_path), key) == state(offset=size)
    assert not is_behind(repository_in(tmp_path), run)
    add_events(run, [start("audio_vae")])
    assert is_behind(repository_in(tmp_path), run)


def test_aim_is_behind_where_a_power_cut_took_back_what_it_holds(run, tmp_path):
    size = (run / "events.jsonl").stat().st_size
    write_state(repository_in(tmp_path), run_key(run), state(offset=size + 100))
    assert is_behind(repository_in(tmp_path), run)


def test_states_come_newest_first(tmp_path):
    for key, started in (("a", 1.0), ("b", 3.0), ("c", 2.0)):
        write_state(repository_in(tmp_path), key, state(started=started))
    assert [held.started for held in read_states(repository_in(tmp_path))] == [3.0, 2.0, 1.0]
    assert read_states(repository_in(tmp_path / "nowhere")) == []


def test_a_second_mirror_of_a_run_is_turned_away_and_another_run_is_not(tmp_path):
    with sole_mirror(repository_in(tmp_path), "a"):
        with pytest.raises(AlreadyMirroredError), sole_mirror(repository_in(tmp_path), "a"):
            pass
        with sole_mirror(repository_in(tmp_path), "b"):
            pass
    with sole_mirror(repository_in(tmp_path), "a"):
        pass


def test_a_copy_of_an_older_layout_is_behind(run, tmp_path):
    size = (run / "events.jsonl").stat().st_size
    write_state(repository_in(tmp_path), run_key(run), evolve(state(offset=size), layout=1))
    assert is_behind(repository_in(tmp_path), run)
