"""RMVPE is RVC WebUI's: the same salience and the same hertz, and only its own file."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.analysis.pitch.open_pitch import open_pitch
from engine.analysis.pitch.rmvpe import Rmvpe, _mel, log_mel, read_network
from engine.analysis.pitch.rmvpe_network import RmvpeNetwork, RmvpeSizes
from engine.analysis.pitch.salience import hertz_around
from engine.errors import UserError
from tests.analysis.sounds import glide

CPU = torch.device("cpu")
SMALL = RmvpeSizes(channels=2, num_blocks=1, num_inner=1)
REFERENCE = Path(__file__).with_name("rmvpe_reference.npz")
"""What RVC WebUI's `E2E(1, 1, (2, 2), inter_layers=1, en_out_channels=2)` and `RMVPE.decode` make
of `glide(seconds=0.5)` with the weights of `filled`: salience [12 frames, 360] and Hz [51]."""


def filled(network):
    """The network in evaluation mode with weights that are the same everywhere."""
    for number, (name, tensor) in enumerate(network.state_dict().items()):
        if tensor.is_floating_point():
            waves = torch.sin(torch.arange(tensor.numel(), dtype=torch.float64) ** 1.3 + number)
            scale = 2.0 / tensor[0].numel() ** 0.5 if tensor.dim() > 1 else 0.3
            about = float(tensor.dim() == 1 and name.endswith(("weight", "running_var")))
            tensor.copy_((about + scale * waves).reshape(tensor.shape))
    return network.eval()


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A file like rmvpe.pt, in half precision."""
    path = tmp_path_factory.mktemp("published") / "rmvpe.pt"
    torch.save({name: t.half() for name, t in RmvpeNetwork().state_dict().items()}, path)
    return path


@torch.no_grad()
def test_salience_and_pitch_are_those_of_rvc_webui():
    sound, _ = glide(seconds=0.5)
    reference = np.load(REFERENCE)
    network = filled(RmvpeNetwork(SMALL))
    salience = network(log_mel(torch.from_numpy(sound)[None], _mel(CPU)))[0].numpy()
    assert salience.shape == (51, 360)
    assert np.ptp(reference["salience"]) > 0.1
    np.testing.assert_allclose(salience[::5][:12], reference["salience"], atol=1e-4)
    hertz = hertz_around(salience, salience.argmax(axis=1))
    np.testing.assert_allclose(hertz, reference["hertz"], rtol=1e-4)


def test_the_published_file_loads_and_is_heard_with(published):
    method = open_pitch("rmvpe", published, CPU)
    sound, _ = glide(seconds=0.3)
    assert method(sound).shape == (31,)
    assert method.digest == Rmvpe.open(published, CPU).digest
    assert len(RmvpeNetwork().state_dict()) == 741
    assert next(read_network(published).parameters()).dtype == torch.float32


def test_other_weights_have_another_digest(published, tmp_path):
    other = tmp_path / "rmvpe.pt"
    torch.save({"other": torch.zeros(1)}, other)
    assert Rmvpe(other, CPU).digest != Rmvpe(published, CPU).digest


def test_missing_weights_say_where_to_get_them(tmp_path):
    for weights in (None, tmp_path / "rmvpe.pt"):
        with pytest.raises(UserError, match=r"cantus fetch rmvpe.*dataset\.pitch\.weights"):
            open_pitch("rmvpe", weights, CPU)


def test_a_truncated_file_is_named(published, tmp_path):
    cut = tmp_path / "rmvpe.pt"
    cut.write_bytes(published.read_bytes()[:100_000])
    with pytest.raises(UserError, match=r"rmvpe\.pt is truncated"):
        read_network(cut)


def test_weights_of_another_model_are_named(tmp_path):
    path = tmp_path / "f0G40k.pth"
    torch.save(RmvpeNetwork(SMALL).state_dict(), path)
    with pytest.raises(UserError, match=r"f0G40k\.pth is no rmvpe\.pt: of its 741 tensors"):
        read_network(path)


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    path = tmp_path / "rmvpe.pt"
    torch.save({"unet": Evil()}, path)
    with pytest.raises(UserError, match="would run as code"):
        read_network(path)
    assert not (tmp_path / "ran").exists()
