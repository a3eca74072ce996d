import faiss
import numpy as np
import pytest

from engine.errors import UserError
from engine.systems.rvc.index.build import write_index
from engine.systems.rvc.index.retrieval import read_index
from engine.systems.rvc.notes import index_note_path

DIM = 12


@pytest.fixture
def vectors():
    return np.random.default_rng(0).normal(size=(300, DIM)).astype(np.float32)


@pytest.fixture
def path(tmp_path, vectors):
    return write_index(tmp_path, "anna", "v2", [vectors], vectors[:5] + 1, "content one")


def test_a_feature_becomes_the_blend_of_its_eight_neighbours_as_in_rvc(path, vectors):
    query = np.random.default_rng(1).normal(size=(40, DIM)).astype(np.float32)
    squared = ((query[:, None] - vectors) ** 2).sum(-1)
    nearest = squared.argsort(1)[:, :8]
    weights = np.square(1 / np.take_along_axis(squared, nearest, 1))  # as RVC WebUI computes it
    weights /= weights.sum(1, keepdims=True)
    blend = (vectors[nearest] * weights[..., None]).sum(1)
    found = read_index(path, DIM, "content one")(query)
    assert np.allclose(found, blend, atol=1e-5)
    assert np.abs(found - query).max() > 0.1


def test_a_feature_that_is_in_the_index_is_itself_and_no_nan(path, vectors):
    found = read_index(path, DIM, "content one")(vectors[:20])
    assert np.isfinite(found).all()
    assert np.allclose(found, vectors[:20], atol=1e-4)


def test_features_for_which_the_probed_lists_hold_nothing_stay_as_they_are(tmp_path):
    quantizer = faiss.IndexFlatL2(2)
    quantizer.add(np.array([[0, 0], [10, 10]], np.float32))
    index = faiss.IndexIVFFlat(quantizer, 2, 2)
    index.is_trained = True
    index.add(np.array([[0, 0.5], [0.5, 0]], np.float32))  # fewer than eight, all in one list
    faiss.write_index(index, str(tmp_path / "few.index"))
    found = read_index(tmp_path / "few.index", 2, "any")(np.array([[0, 0], [9, 9]], np.float32))
    assert np.allclose(found, [[0.25, 0.25], [9, 9]])


def test_an_index_from_elsewhere_has_no_note_and_is_held_to_its_size_alone(path):
    index_note_path(path).unlink()
    read_index(path, DIM, "another")
    with pytest.raises(UserError, match=r"have 12 values, the model's content features 768"):
        read_index(path, 768, "another")


def test_an_index_of_another_content_model_is_refused(path):
    with pytest.raises(UserError, match=r"features of another content model \(content one, here"):
        read_index(path, DIM, "content two")


def test_what_is_no_index_or_a_damaged_one_is_refused(tmp_path, path):
    with pytest.raises(UserError, match=r"no retrieval index .*none\.index"):
        read_index(tmp_path / "none.index", DIM, "any")
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"no index", b""):
        path.write_bytes(content)
        with pytest.raises(UserError, match="not a faiss index, or is damaged"):
            read_index(path, DIM, "content one")


def test_a_trained_index_without_vectors_is_refused(tmp_path):
    faiss.write_index(faiss.IndexFlatL2(DIM), str(tmp_path / "trained_x.index"))
    with pytest.raises(UserError, match=r"holds no vectors: .* give added_\*\.index"):
        read_index(tmp_path / "trained_x.index", DIM, "any")


@pytest.mark.parametrize("note", [b'{"content": 1}', b"\xff\xfe\x00"])
def test_a_damaged_note_is_named(path, note):
    index_note_path(path).write_bytes(note)
    with pytest.raises(UserError, match=r"index\.json is damaged"):
        read_index(path, DIM, "content one")
