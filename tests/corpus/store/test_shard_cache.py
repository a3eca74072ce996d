import json
import os

import numpy as np
import pytest

from engine.corpus.layouts import Candidate
from engine.corpus.measure.limits import Limits
from engine.corpus.store import shard_cache
from engine.corpus.store.shard_cache import Task, measure_shard
from engine.corpus.table.manifest import Quarantined
from engine.errors import UserError

LIMITS = Limits(min_seconds=0.1, max_seconds=None, min_sample_rate_hz=8_000)


@pytest.fixture
def task(tmp_path, tone):
    folder = tmp_path / "files"
    for number in range(3):
        tone(folder / f"{number}.wav", hz=300 + 100 * number)
    (folder / "3.wav").write_text("text")
    shard = tuple((Candidate(path=f"{number}.wav"),) for number in range(4))
    return Task(
        folder=folder, shard=shard, limits=LIMITS, rates=(16_000,), store=tmp_path / "store"
    )


def inode(shard):
    return shard.samples(16_000).stat().st_ino


def test_a_shard_holds_what_became_of_its_candidates(task):
    shard = measure_shard(task)
    results = list(shard.results())
    assert [isinstance(one, Quarantined) for one in results] == [False, False, False, True]
    assert [one.samples[16_000] for one in results[:3]] == [(n * 8_000, 8_000) for n in range(3)]
    assert shard.num_candidates == 4
    assert len(np.fromfile(shard.samples(16_000), "<i2")) == 24_000


def test_it_is_measured_once(task):
    assert inode(measure_shard(task)) == inode(measure_shard(task))


def test_a_file_that_changes_is_measured_again_even_with_its_old_size_and_time(task):
    before = measure_shard(task)
    path = task.folder / "1.wav"
    times, content = path.stat(), bytearray(path.read_bytes())
    content[1_000] ^= 64
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    after = measure_shard(task)
    assert after.pcm != before.pcm


@pytest.mark.parametrize("name", ["rows.jsonl", "16000.pcm", "facts.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_a_damaged_shard_is_not_used_but_measured_again(task, name, damage):
    shard = measure_shard(task)
    pcm, path = shard.pcm, shard.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content if damage == "flip" else content[:-1])
    again = measure_shard(task)
    assert again.pcm == pcm
    assert len(list(again.results())) == 4


def test_what_a_killed_worker_left_is_not_used(task):
    shard = measure_shard(task)
    shard.folder.rename(shard.folder.with_name(f".{shard.folder.name}.killed"))
    assert measure_shard(task).pcm == shard.pcm


def test_a_file_that_changes_while_it_is_read_stops_the_work(task, monkeypatch):
    measure = shard_cache.measure_file

    def write_on(folder, parts, *rest):
        with (folder / parts[0].path).open("ab") as file:
            file.write(b"more")
        return measure(folder, parts, *rest)

    monkeypatch.setattr(shard_cache, "measure_file", write_on)
    with pytest.raises(UserError, match=r"0.wav changed while it was read"):
        measure_shard(task)
    assert not list(task.store.glob("[!.]*"))


def test_other_limits_and_other_code_are_another_shard(task, monkeypatch):
    before = measure_shard(task).folder.name
    monkeypatch.setattr(shard_cache, "_code", lambda: "other")
    assert measure_shard(task).folder.name != before


def test_facts_say_what_is_there(task):
    shard = measure_shard(task)
    facts = json.loads((shard.folder / "facts.json").read_text())
    assert facts["pcm"]["16000"] == list(shard.pcm[16_000])


def test_another_worker_at_the_same_shard_does_no_harm(task, monkeypatch):
    measure = shard_cache.measure_file

    def meanwhile(*arguments):
        monkeypatch.setattr(shard_cache, "measure_file", measure)
        measure_shard(task)
        monkeypatch.setattr(shard_cache.shutil, "rmtree", lambda *_, **__: None)
        return measure(*arguments)

    monkeypatch.setattr(shard_cache, "measure_file", meanwhile)
    shard = measure_shard(task)
    monkeypatch.undo()
    assert measure_shard(task) == shard
