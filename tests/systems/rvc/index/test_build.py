import faiss
import numpy as np
import pytest

from engine.errors import UserError
from engine.systems.rvc.index import build
from engine.systems.rvc.index.build import write_index
from engine.systems.rvc.index.retrieval import read_note

DIM = 16


def spoken(frames, seed):
    """Features in clusters, as those of speech are."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(40, DIM))
    chosen = centres[random.integers(0, len(centres), frames)]
    return (chosen + 0.4 * random.normal(size=(frames, DIM))).astype(np.float32)


def clips(number=20, frames=150):
    return [spoken(frames, seed) for seed in range(number)]


def test_few_vectors_are_searched_exactly_and_all_of_them_are_in_the_file(tmp_path):
    path = write_index(tmp_path, "anna", "v2", clips(), spoken(50, 77), "digest")
    assert path.name == "added_Flat_anna_v2.index"
    index = faiss.read_index(str(path))
    vectors = np.concatenate(clips())
    assert np.array_equal(index.reconstruct_n(0, index.ntotal), vectors)
    query = spoken(5, 55)
    nearest = ((query[:, None] - vectors) ** 2).sum(-1).argsort(1)[:, :8]
    assert np.array_equal(index.search(query, 8)[1], nearest)
    note = read_note(path)
    assert (note.content, note.dim, note.vectors, note.clips) == ("digest", DIM, 3000, 20)
    assert (note.lists, note.recall) == (1, 1.0)
    assert note.milliseconds > 0


@pytest.fixture
def many(monkeypatch):
    """As if the vectors were more than are compared with all of a query."""
    monkeypatch.setattr(build, "EXACT_BELOW", 1000)


def test_many_vectors_are_found_as_exact_search_finds_them_in_19_of_20_cases(tmp_path, many):
    path = write_index(tmp_path, "anna", "v2", clips(), spoken(200, 77), "digest")
    index, note = faiss.read_index(str(path)), read_note(path)
    assert path.name == f"added_IVF76_Flat_nprobe_{index.nprobe}_anna_v2.index"
    assert (index.nlist, note.lists) == (3000 // 39, 76)
    assert index.nprobe == note.probed > 1  # one, as RVC has it, finds fewer
    exact = faiss.IndexFlatL2(DIM)
    exact.add(np.concatenate(clips()))
    query = spoken(400, 55)
    pairs = zip(exact.search(query, 8)[1], index.search(query, 8)[1], strict=True)
    found = np.mean([len({*near} & {*one}) / 8 for near, one in pairs])
    assert found > 0.92
    assert note.recall >= 0.95


def test_the_same_vectors_give_the_same_file(tmp_path, many):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_index(tmp_path / name, "anna", "v2", clips(), spoken(200, 77), "digest")
    one, two = (next((tmp_path / name).glob("*.index")) for name in ("one", "two"))
    assert one.name == two.name
    assert one.read_bytes() == two.read_bytes()


def test_progress_is_told_of_every_clip_and_nothing_else_is_left(tmp_path):
    seen = []
    moved = lambda done, total: seen.append((done, total))  # noqa: E731
    path = write_index(tmp_path, "anna", "v2", clips(3), spoken(9, 7), "digest", moved)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert sorted(tmp_path.iterdir()) == [path, tmp_path / f"{path.name}.json"]


def test_fewer_vectors_than_neighbours_are_refused_with_nothing_written(tmp_path):
    with pytest.raises(UserError, match=r"hold 7 content features.*needs 8"):
        write_index(tmp_path, "anna", "v2", clips(1, 7), spoken(5, 7), "digest")
    assert list(tmp_path.iterdir()) == []
