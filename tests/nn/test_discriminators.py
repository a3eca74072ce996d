import copy
import pickle

import pytest
import torch
from torch import nn

from engine.nn import stft_discriminator
from engine.nn.adversarial import discriminator_loss, feature_distances, generator_loss
from engine.nn.discriminators import dac_discriminators, hifi_gan_discriminators

BANDS = ((0.0, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0))
PERIODS, WINDOWS = (2, 5), (256, 128)
SAMPLES = 1110
"""A whole number of periods of both, and of no hop: what upstream pads is tested."""


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def upstream():
    from dac.model.discriminator import Discriminator

    torch.manual_seed(0)
    return Discriminator(rates=[], periods=list(PERIODS), fft_sizes=list(WINDOWS))


@pytest.fixture
def mine(upstream):
    discriminators = dac_discriminators(PERIODS, WINDOWS, BANDS)
    discriminators.load_state_dict(upstream.state_dict())
    return discriminators


@pytest.fixture
def small():
    """Discriminators of the same form that cost next to nothing."""
    torch.manual_seed(0)
    return small_discriminators()


@pytest.fixture(scope="module")
def audio():
    random = torch.Generator().manual_seed(1)
    real = 0.1 * torch.randn(2, 1, SAMPLES, generator=random) + 0.02
    return real, 0.7 * real + 0.05 * torch.randn(2, 1, SAMPLES, generator=random)


def small_discriminators():
    return dac_discriminators((3,), (64,), BANDS, channels=(4, 8, 8, 8, 8))


def number(tensor):
    return tensor.detach().item()


def as_stored(name, tensor):
    return tensor.permute(0, 3, 1, 2) if name.endswith("weight_v") else tensor


def apart(found, wanted):
    return float((found - wanted).norm() / wanted.norm().clamp(min=1e-12))


def test_state_dicts_load_both_ways(upstream, mine):
    ours, theirs = mine.state_dict(), upstream.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    upstream.load_state_dict(ours)
    assert mine.names == ("period_2", "period_5", "stft_256", "stft_128")


def test_verdicts_and_their_gradients_are_those_of_dac(upstream, mine, audio):
    real, fake = audio
    theirs = [upstream(real), upstream(fake)]
    loss = sum((1 - m[-1]).square().mean() for m in theirs[0])
    loss = loss + sum(m[-1].square().mean() for m in theirs[1])
    wanted = torch.autograd.grad(loss, [*upstream.parameters()])
    verdicts = mine.judge(real, fake)
    for side, maps in zip(verdicts, theirs, strict=True):
        for logits, of_one in zip(side, maps, strict=True):
            assert number(logits.mean()) == pytest.approx(number(of_one[-1].mean()), abs=1e-6)
            assert number(logits.square().mean()) == pytest.approx(
                number(of_one[-1].square().mean()), rel=1e-4
            )
    own = torch.autograd.grad(
        discriminator_loss("least_squares", "sum", verdicts), [*mine.parameters()]
    )
    named = dict(zip(dict(mine.named_parameters()), own, strict=True))
    for name, gradient in zip(dict(upstream.named_parameters()), wanted, strict=True):
        assert apart(as_stored(name, named[name]), gradient) < 1e-3, name


def test_every_map_and_the_gradient_at_the_waveform_are_those_of_dac(upstream, mine, audio):
    real, fake = audio[0], audio[1].clone().requires_grad_()
    wanted, heard = upstream(real), upstream(fake)
    pairs = [list(zip(f[:-1], w[:-1], strict=True)) for f, w in zip(heard, wanted, strict=True)]
    comparison = mine.compare(real, fake)
    assert [len(maps) for maps in comparison.maps] == [5, 5, 25, 25]
    for ours, theirs in zip(comparison.maps, pairs, strict=True):
        for (f, r), (their_f, their_r) in zip(ours, theirs, strict=True):
            assert not r.requires_grad
            assert f.shape.numel() == their_f.shape.numel()
            assert number(f.abs().sum()) == pytest.approx(number(their_f.abs().sum()), rel=1e-4)
            assert number(r.abs().sum()) == pytest.approx(number(their_r.abs().sum()), rel=1e-4)
            assert number((f - r).abs().sum()) == pytest.approx(
                number((their_f - their_r).abs().sum()), rel=1e-4
            )
    feature = sum((f - r.detach()).abs().mean() for of_one in pairs for f, r in of_one)
    fooling = sum((1 - maps[-1]).square().mean() for maps in heard)
    (wanted,) = torch.autograd.grad(fooling + 2 * feature, fake)
    mine_feature = feature_distances(comparison.maps).sum
    mine_fooling = generator_loss("least_squares", "sum", comparison.fake_logits)
    assert number(mine_feature) == pytest.approx(number(feature), rel=1e-5)
    assert number(mine_fooling) == pytest.approx(number(fooling), rel=1e-5)
    (found,) = torch.autograd.grad(mine_fooling + 2 * mine_feature, fake)
    assert apart(found, wanted) < 1e-4


def test_the_generators_turn_gives_the_discriminators_no_gradient(small, audio):
    real, fake = audio[0], audio[1].clone().requires_grad_()
    comparison = small.compare(real, fake)
    (
        feature_distances(comparison.maps).sum
        + generator_loss("hinge", "mean", comparison.fake_logits)
    ).backward()
    assert fake.grad.abs().sum() > 0
    assert all(p.grad is None for p in small.parameters())


def test_the_discriminators_turn_reaches_every_parameter(small, audio):
    discriminator_loss("least_squares", "sum", small.judge(*audio)).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in small.parameters())


def test_in_double_precision_the_turns_agree_with_each_other(small, audio):
    real, fake = (one.double() for one in audio)
    small.double()
    verdicts, comparison = small.judge(real, fake), small.compare(real, fake)
    pairs = zip(verdicts.fake, comparison.fake_logits, strict=True)
    assert all(torch.allclose(*pair, atol=1e-6) for pair in pairs)


def test_level_and_offset_of_the_audio_are_not_heard(small, audio):
    real, fake = audio
    once, again = small.judge(real, fake), small.judge(0.3 * real, fake + 0.5)
    for side, other in zip(once, again, strict=True):
        assert all(torch.allclose(*pair, atol=1e-4) for pair in zip(side, other, strict=True))


def test_silence_is_judged_without_nan(small):
    verdicts = small.judge(torch.zeros(1, 1, 500), torch.zeros(1, 1, 500))
    assert all(logits.isfinite().all() for side in verdicts for logits in side)


@pytest.mark.parametrize("autocast", [False, True])
def test_half_precision_is_near_single_and_keeps_master_weights_and_losses(small, audio, autocast):
    half = copy.deepcopy(small)
    half.precision = "same" if autocast else "bf16"
    wanted = discriminator_loss("least_squares", "sum", small.judge(*audio))
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        loss = discriminator_loss("least_squares", "sum", half.judge(*audio))
        comparison = half.compare(*audio)
    assert loss.dtype == torch.float32
    assert number(loss) == pytest.approx(number(wanted), rel=0.02)
    assert comparison.maps[0][0][0].dtype == torch.bfloat16
    loss.backward()
    wanted.backward()
    assert all(p.grad.dtype == torch.float32 for p in half.parameters())
    whole = [torch.cat([p.grad.flatten() for p in d.parameters()]) for d in (half, small)]
    assert apart(*whole) < 0.05


def test_learning_tells_real_from_fake_and_goes_on_after_a_checkpoint(small, audio):
    def train(discriminators, optimizer, num_steps):
        for _ in range(num_steps):
            optimizer.zero_grad(set_to_none=True)
            loss = discriminator_loss("hinge", "mean", discriminators.judge(*audio))
            loss.backward()
            optimizer.step()
        return number(loss)

    def adamw(discriminators):
        return torch.optim.AdamW(discriminators.parameters(), lr=3e-3, fused=True)

    optimizer = adamw(small)
    first = train(small, optimizer, 1)
    train(small, optimizer, 5)
    again = small_discriminators()
    again.load_state_dict({name: t.contiguous() for name, t in small.state_dict().items()})
    resumed = adamw(again)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    last = train(small, optimizer, 20)
    assert train(again, resumed, 20) == last
    assert last < 0.8 * first


def test_copies_compute_the_same_after_a_forward(small, audio):
    wanted = small.judge(*audio).real[0]
    for again in (copy.deepcopy(small), pickle.loads(pickle.dumps(small))):
        assert torch.equal(again.judge(*audio).real[0], wanted)


def test_windows_are_no_part_of_a_state_dict(small):
    assert not [name for name in small.state_dict() if "window" in name]
    assert isinstance(small.discriminators[1], stft_discriminator.StftDiscriminator)
    assert isinstance(small, nn.Module)


def test_those_of_hifi_gan_hear_the_level_and_compare_logits_too(audio):
    torch.manual_seed(0)
    hearing = hifi_gan_discriminators((2, 3), channels=(4, 8), with_scale=False)
    assert hearing.names == ("period_2", "period_3")
    real, fake = audio
    louder, as_it_is = hearing.judge(2 * real, fake), hearing.judge(real, fake)
    assert not torch.allclose(louder.real[0], as_it_is.real[0], atol=1e-4)
    assert torch.equal(louder.fake[0], as_it_is.fake[0])
    comparison = hearing.compare(real, fake)
    assert [len(maps) for maps in comparison.maps] == [3, 3]
    for logits, maps in zip(comparison.fake_logits, comparison.maps, strict=True):
        assert torch.equal(maps[-1][0], logits)


def test_the_discriminator_of_the_waveform_is_in_front_where_it_is_wanted(audio):
    torch.manual_seed(0)
    hearing = hifi_gan_discriminators((2,), channels=(4, 8))
    assert hearing.names == ("scale", "period_2")
    state = hearing.state_dict()
    assert state["discriminators.0.convs.1.weight_v"].shape == (64, 4, 41)
    assert state["discriminators.0.convs.1.weight_g"].shape == (64, 1, 1)
    assert state["discriminators.1.convs.0.weight_v"].shape == (4, 1, 5, 1)
    verdicts, comparison = hearing.judge(*audio), hearing.compare(*audio)
    for pair in zip(verdicts.fake, comparison.fake_logits, strict=True):
        assert torch.allclose(*pair, atol=1e-5)
