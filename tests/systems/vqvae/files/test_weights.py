import pickle

import pytest
import torch

from benchmarks.upstream.vqvae import PublishedNetwork
from engine.errors import UserError
from engine.systems.vqvae.data.frontend import FrontEnd
from engine.systems.vqvae.files.weights import import_weights, named_as_published
from engine.systems.vqvae.recipe import Dataset, PuzzleNetwork
from engine.systems.vqvae.training_module import build_network


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build_network(PuzzleNetwork())


@pytest.fixture
def published():
    torch.manual_seed(7)
    return PublishedNetwork()


def save(content, folder):
    path = folder / "weights.pth"
    torch.save(content, path)
    return path


def equal(left, right):
    return left.keys() == right.keys() and all(
        torch.equal(left[name], right[name]) for name in left
    )


def test_exported_names_are_the_published_ones_with_the_front_ends_buffers(network):
    names = named_as_published(network, FrontEnd.of(Dataset(corpus="words")).mel)
    extra = names.keys() - network.state_dict().keys()
    assert extra == {
        "preprocessor.mel_spec.spectrogram.window",
        "preprocessor.mel_spec.mel_scale.fb",
    }
    assert names["preprocessor.mel_spec.mel_scale.fb"].shape == (513, 128)
    assert all(value.is_contiguous() for value in names.values())


@pytest.mark.parametrize("wrapped", [False, True])
def test_published_weights_are_read_bare_or_from_a_checkpoint(
    network, published, tmp_path, wrapped
):
    state = {**published.state_dict(), "preprocessor.mel_spec.spectrogram.window": torch.ones(3)}
    content = {"epoch": 5, "model_state_dict": state} if wrapped else state
    import_weights(network, save(content, tmp_path))
    assert equal(dict(network.state_dict()), dict(published.state_dict()))


def test_what_does_not_fit_is_named_and_nothing_is_loaded(network, published, tmp_path):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = dict(published.state_dict())
    del state["decoder.decoder.10.bias"]
    state["decoder.decoder.12.bias"] = torch.zeros(1)
    state["vq.codebook.weight"] = torch.zeros(20, 64)
    with pytest.raises(UserError) as error:
        import_weights(network, save(state, tmp_path))
    message = str(error.value)
    assert "1 missing (decoder.decoder.10.bias)" in message
    assert "1 not expected (decoder.decoder.12.bias)" in message
    assert "vq.codebook.weight has shape (20, 64) instead of (10, 64)" in message
    assert equal(before, dict(network.state_dict()))


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code was run",))


def test_a_file_that_would_run_code_is_refused(network, tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Bomb(), protocol=2))
    with pytest.raises(UserError, match="cannot be read safely"):
        import_weights(network, path)


@pytest.mark.parametrize("content", [b"", b"not a file of weights"])
def test_a_file_that_holds_no_weights_is_refused(network, tmp_path, content):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"is empty|is damaged"):
        import_weights(network, path)


def test_a_missing_file_and_a_list_are_refused(network, tmp_path):
    with pytest.raises(UserError, match="no weights at"):
        import_weights(network, tmp_path / "none.pth")
    with pytest.raises(UserError, match="does not hold a table of weights by name"):
        import_weights(network, save([torch.zeros(1)], tmp_path))
