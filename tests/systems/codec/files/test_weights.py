import pickle
import zipfile

import attrs
import dac
import pytest
import torch

from engine.errors import UserError
from engine.systems.codec.files.transformers_folder import write_transformers
from engine.systems.codec.files.weights import (
    load_upstream,
    network_of,
    read_upstream,
    verify_exports,
    write_upstream,
)
from engine.systems.codec.network.network import CodecNetwork
from engine.systems.codec.recipe import Loudness, Rms
from tests.systems.codec.network.test_network import ODD, SETTINGS

RMS = {"kind": "rms", "dbfs": -20.0}


@pytest.fixture(autouse=True)
def seeded():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.pth"


def equal(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


def changed(settings, **others):
    return CodecNetwork(attrs.evolve(settings, **others))


def test_upstream_loads_what_is_written_with_the_true_dropout(path):
    network = changed(SETTINGS, quantizer_dropout=0.5, restart_below=0.1)
    write_upstream(network, path, RMS)
    theirs = dac.DAC.load(str(path), strict=True)
    own = {k: v for k, v in network.state_dict().items() if k != "quantizer.counts"}
    assert equal(own, theirs.state_dict())
    assert theirs.quantizer.quantizer_dropout == 0.5
    assert theirs.sample_rate == 8_000


def test_what_upstream_saves_is_read_and_is_levelled_as_upstream_does(path):
    theirs = dac.DAC(**SETTINGS.upstream_kwargs)
    theirs.save(str(path), package=False)
    given = read_upstream(path)
    assert given.settings == SETTINGS
    assert given.level == Loudness(lufs=-16.0)
    network = network_of(given, path)
    assert equal(network.state_dict(), theirs.state_dict())
    assert not network.training


def test_the_level_goes_with_the_weights(path):
    write_upstream(CodecNetwork(SETTINGS), path, RMS)
    assert read_upstream(path).level == Rms(dbfs=-20.0)


def test_loading_takes_every_tensor_and_leaves_how_quantizers_learn(path):
    source = changed(SETTINGS, quantizer_dropout=0.5)
    write_upstream(source, path, RMS)
    target = changed(SETTINGS, quantizer_dropout=0.25, restart_below=0.2)
    load_upstream(target, path)
    assert target.settings.quantizer_dropout == target.quantizer.dropout == 0.25
    assert torch.equal(target.quantizer.counts, torch.ones(3, 32))
    state = target.state_dict()
    state.pop("quantizer.counts")
    assert equal(state, source.state_dict())


def test_weights_of_another_configuration_are_refused_by_what_differs(path):
    write_upstream(changed(SETTINGS, num_codebooks=5, sample_rate_hz=16_000), path, RMS)
    network = CodecNetwork(SETTINGS)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(UserError) as error:
        load_upstream(network, path)
    assert "n_codebooks is 5 in the file and 3 in the recipe" in str(error.value)
    assert "sample_rate is 16000 in the file and 8000 in the recipe" in str(error.value)
    assert equal(before, network.state_dict())


def rewrite(path, change):
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)


def drop(content):
    del content["state_dict"]["decoder.model.0.bias"]
    content["state_dict"]["decoder.model.9.bias"] = torch.zeros(1)
    content["state_dict"]["encoder.block.0.bias"] = torch.zeros(7)


def test_tensors_that_do_not_fit_are_named_and_nothing_is_loaded(path):
    write_upstream(CodecNetwork(SETTINGS), path, RMS)
    rewrite(path, drop)
    for load in (
        lambda: load_upstream(CodecNetwork(SETTINGS), path),
        lambda: network_of(read_upstream(path), path),
    ):
        with pytest.raises(UserError) as error:
            load()
        message = str(error.value)
        assert "1 missing (decoder.model.0.bias)" in message
        assert "1 not expected (decoder.model.9.bias)" in message
        assert "encoder.block.0.bias has shape [7] instead of [4]" in message


HOSTILE = {
    "no kwargs": lambda c: c["metadata"].pop("kwargs"),
    "no state": lambda c: c.pop("state_dict"),
    "a number for a name": lambda c: c["state_dict"].update({1: torch.zeros(1)}),
    "whole numbers": lambda c: c["state_dict"].update({"encoder.block.0.bias": torch.arange(4)}),
    "nowhere": lambda c: c["state_dict"].update(
        {"encoder.block.0.bias": torch.zeros(4, device="meta")}
    ),
    "endless": lambda c: c["state_dict"].update(
        {"encoder.block.0.bias": torch.zeros(1).expand(2**45)}
    ),
    "a list": lambda c: c.update(state_dict=[torch.zeros(1)]),
    "text for a tensor": lambda c: c["state_dict"].update({"encoder.block.0.bias": "x"}),
    "NaN": lambda c: c["state_dict"]["encoder.block.0.bias"].fill_(float("nan")),
    "a rate of 0": lambda c: c["metadata"]["kwargs"].update(encoder_rates=[0, 4, 4]),
    "text": lambda c: c["metadata"]["kwargs"].update(encoder_dim="many"),
    "very wide": lambda c: c["metadata"]["kwargs"].update(encoder_dim=8192, decoder_dim=8192),
    "very deep": lambda c: c["metadata"]["kwargs"].update(
        encoder_rates=[2] * 10**5, decoder_rates=[2] * 10**5
    ),
    "a rate too high": lambda c: c["metadata"]["kwargs"].update(sample_rate=10**9),
    "a dropout in words": lambda c: c["metadata"]["kwargs"].update(quantizer_dropout="x"),
    "one rate": lambda c: c["metadata"]["kwargs"].update(encoder_rates=4),
    "widths of each codebook": lambda c: c["metadata"]["kwargs"].update(codebook_dim=[4, 4, 8]),
    "no rate": lambda c: c["metadata"]["kwargs"].pop("sample_rate"),
    "an unknown level": lambda c: c["metadata"].update(cantus={"level": {"kind": "loud"}}),
    "a level of lists": lambda c: c["metadata"].update(cantus=[1]),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_in_words(path, change):
    write_upstream(CodecNetwork(SETTINGS), path, RMS)
    rewrite(path, change)
    with pytest.raises(UserError, match=r"weights\.pth"):
        network_of(read_upstream(path), path)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code was run",))


def test_a_file_that_would_run_code_is_refused(path):
    torch.save({"state_dict": {}, "metadata": Bomb()}, path)
    with pytest.raises(UserError, match="would run as code"):
        read_upstream(path)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(UserError, match="damaged"):
        read_upstream(path)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_torn_file_is_refused(path, share):
    write_upstream(CodecNetwork(SETTINGS), path, RMS)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UserError, match="is truncated" if share else "is empty"):
        read_upstream(path)


def test_a_missing_file_and_another_archive_are_refused(path):
    with pytest.raises(UserError, match="no weights at"):
        read_upstream(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "b")
    with pytest.raises(UserError, match="damaged"):
        read_upstream(path)


@pytest.fixture(params=[SETTINGS, ODD], ids=["even strides", "odd strides"])
def exported(request, path):
    """A network, its weights, and its folder where `transformers` has that network."""
    network = CodecNetwork(request.param)
    write_upstream(network, path, RMS)
    folder = None
    if request.param is SETTINGS:
        folder = path.parent / "transformers"
        write_transformers(network, folder)
    return network, path, folder


def test_exports_that_are_the_network_pass_and_leave_it_as_it_was(exported):
    network, path, folder = exported
    network.train()
    verify_exports(network, path, folder)
    assert network.training


def test_weights_of_other_values_are_named(exported):
    network, path, folder = exported
    network.encoder.block[0].bias.data.add_(0.1)
    with pytest.raises(UserError, match=r"other tensors: encoder\.block\.0\.bias"):
        verify_exports(network, path, folder)


def test_weights_that_upstream_builds_smaller_are_named(exported):
    network, path, _ = exported
    rewrite(path, lambda content: content["metadata"]["kwargs"].update(n_codebooks=2))
    with pytest.raises(UserError, match=r"other tensors: quantizer\.quantizers\.2"):
        verify_exports(network, path, None)


def test_a_folder_of_another_network_is_found_by_its_codes(path, tmp_path):
    network = CodecNetwork(SETTINGS)
    write_upstream(network, path, RMS)
    write_transformers(CodecNetwork(SETTINGS), tmp_path / "other")
    with pytest.raises(UserError, match=r"transformers gives other codes"):
        verify_exports(network, path, tmp_path / "other")


def test_a_folder_with_another_decoder_is_found_by_its_samples(path, tmp_path):
    network = CodecNetwork(SETTINGS)
    write_upstream(network, path, RMS)
    with torch.no_grad():
        other = CodecNetwork(SETTINGS)
        other.load_state_dict(network.state_dict())
        other.decoder.model[-2].bias.add_(0.01)
    write_transformers(other, tmp_path / "other")
    with pytest.raises(UserError, match=r"transformers decodes samples that differ by 0\.0"):
        verify_exports(network, path, tmp_path / "other")
