import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.systems.xtts.files.differences import differences, load_strictly
from engine.systems.xtts.network.dvae import Dvae, DvaeSettings
from engine.systems.xtts.network.gpt import GptSettings, XttsGpt

SETTINGS = GptSettings(
    num_layers=2,
    dim=64,
    num_heads=2,
    num_text_tokens=40,
    start_text_token=3,
    stop_text_token=0,
    num_audio_tokens=18,
    start_audio_token=16,
    stop_audio_token=17,
    max_audio_tokens=30,
    max_text_tokens=20,
)


def gpt(**changes):
    return XttsGpt(evolve(SETTINGS, **changes))


def refused(given, network=None):
    """What is said where weights do not fit; nothing is loaded then."""
    network = network or gpt()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(UserError) as error:
        load_strictly(network, given, "model.pth")
    after = network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert "model.pth does not fit this model" in str(error.value)
    return str(error.value)


def test_weights_that_fit_are_loaded_and_nothing_differs():
    given = gpt().state_dict()
    assert not differences(gpt().state_dict(), given)
    network = gpt()
    load_strictly(network, given, "model.pth")
    assert all(torch.equal(value, given[name]) for name, value in network.state_dict().items())


def test_the_missing_ones_are_named_and_no_others():
    given = gpt().state_dict()
    del given["mel_head.bias"]
    given["mel_head.scale"] = torch.ones(1)
    said = refused(given)
    assert f"1 of {len(given)} tensors do not fit: 1 missing (mel_head.bias); " in said
    assert said.endswith("1 too many (mel_head.scale).")


def test_another_vocabulary_is_recognised_by_its_rows():
    said = refused(gpt(num_text_tokens=47).state_dict())
    assert "3 of another shape (text_embedding.weight [47, 64] instead of [40, 64]" in said
    assert "Another vocabulary: the weights have 47 text tokens and the model 40, 7 apart" in said
    assert said.count("Another") == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"num_layers": 3}, "Another architecture: the weights have 3 layers, and the model 2."),
        ({"dim": 128}, "Another architecture: the weights are 128 wide, and the model 64."),
        ({"num_audio_tokens": 20}, "the weights have 20 with START and STOP, and the model 18"),
        ({"max_text_tokens": 25}, "the weights have 27 positions for text, the model 22"),
        ({"max_audio_tokens": 31}, "the weights have 34 positions for codes, the model 33"),
    ],
)
def test_another_architecture_is_told_apart(changes, expected):
    said = refused(gpt(**changes).state_dict())
    assert expected in said
    assert said.count("Another") + said.count("of another length") <= 1


def test_the_first_version_of_xtts_is_recognised():
    given = {n: v for n, v in gpt().state_dict().items() if "perceiver" not in n}
    given["prompt_embedding.weight"] = torch.zeros(18, 64)
    assert "They are the weights of XTTS v1" in refused(given)


def test_a_dvae_in_the_gpts_place_is_recognised_and_another_dvae_too():
    state = Dvae(DvaeSettings(num_codes=8, codebook_dim=8, hidden_dim=8)).state_dict()
    assert "No tensor has a name of this network's. It is a DVAE." in refused(state)
    other = Dvae(DvaeSettings(num_codes=16, codebook_dim=8, hidden_dim=8))
    said = refused(state, other)
    assert "Another DVAE: it has 8 codes of 8 values instead of 16 of 8." in said


def test_weights_that_are_not_finite_are_refused():
    given = gpt().state_dict()
    given["final_norm.bias"] = torch.full((64,), torch.nan)
    with pytest.raises(UserError, match=r"damaged: NaN or infinity in final_norm.bias\."):
        load_strictly(gpt(), given, "model.pth")
