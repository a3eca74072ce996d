import copy

import pytest
import torch
from dac.nn.quantize import ResidualVectorQuantize

from engine.nn.residual_quantize import ResidualQuantizer

DIM, CODEBOOKS, SIZE, LOW = 12, 4, 32, 5


@pytest.fixture(autouse=True)
def seeded():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def ours(dropout=0.0, restart_below=0.0):
    return ResidualQuantizer(DIM, CODEBOOKS, SIZE, LOW, dropout, restart_below)


def upstreams(quantizer, dropout=0.0):
    made = ResidualVectorQuantize(DIM, CODEBOOKS, SIZE, LOW, dropout)
    made.load_state_dict(quantizer.state_dict(), strict=True)
    return made


def run(quantizer, latents, *number):
    """Vectors, codes, commitment, codebook, and the gradient of each input and parameter."""
    torch.manual_seed(3)
    latents = latents.clone().requires_grad_()
    found = quantizer(latents, *number)
    vectors, codes, commitment, codebook = found if len(found) == 4 else (*found[:2], *found[3:])
    weights = torch.linspace(-1, 1, vectors.numel()).view_as(vectors)
    ((vectors * weights).sum() + 0.25 * commitment + codebook).backward()
    named = sorted(quantizer.named_parameters())
    gradients = [value.grad for _, value in named if value.grad is not None]
    return vectors, codes, commitment, codebook, latents.grad, *gradients


def assert_equal(found, expected):
    assert len(found) == len(expected)
    for left, right in zip(found, expected, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dropout", [0.0, 0.5, 1.0])
def test_training_is_upstreams_with_the_same_draw_of_quantizers(dropout):
    quantizer, latents = ours(dropout), torch.randn(6, DIM, 20)
    assert_equal(run(quantizer, latents), run(upstreams(quantizer, dropout), latents))


@pytest.mark.parametrize("number", [1, 3, CODEBOOKS])
def test_some_quantizers_code_and_decode_as_upstreams_do(number):
    quantizer, latents = ours(0.5).eval(), torch.randn(2, DIM, 20)
    vectors, codes, *_ = upstreams(quantizer).eval()(latents, number)
    assert torch.equal(quantizer.encode(latents, number), codes)
    torch.testing.assert_close(quantizer.decode(codes), vectors, rtol=1e-4, atol=1e-5)


def test_the_share_that_is_dropped_is_the_same_however_a_batch_is_cut():
    torch.manual_seed(0)
    for size in (1, 3, 4):
        quantizer = ours(0.5).train()
        used = [quantizer._num_quantizers_of(torch.zeros(size, DIM, 2)) for _ in range(600)]
        # A dropped item passes all quantizers too, one time in CODEBOOKS.
        limited = torch.stack(used).lt(CODEBOOKS).float().mean()
        assert float(limited) == pytest.approx(0.5 * (1 - 1 / CODEBOOKS), abs=0.05)
    assert ours(0.0)._num_quantizers_of(torch.zeros(4, DIM, 2)) is None
    assert ours(0.5).eval()._num_quantizers_of(torch.zeros(4, DIM, 2)) is None


def test_codes_alone_are_those_of_a_pass_and_decode_to_its_vectors():
    quantizer, latents = ours().eval(), torch.randn(2, DIM, 20)
    found = quantizer(latents)
    assert torch.equal(quantizer.encode(latents), found.codes)
    assert torch.equal(quantizer.encode(latents, 2), found.codes[:, :2])
    torch.testing.assert_close(quantizer.decode(found.codes), found.vectors)
    assert_equal([quantizer.decode(found.codes)], upstreams(quantizer).from_codes(found.codes)[:1])


def test_items_that_keep_all_quantizers_come_behind_those_that_do_not():
    quantizer, latents = ours(0.5), torch.randn(64, DIM, 8)
    whole = quantizer.eval()(latents).vectors
    same = (quantizer.train()(latents).vectors - whole).abs().amax((1, 2)) < 1e-5
    assert same[32:].all()
    assert 0 < same[:32].sum() < 32


def test_half_precision_is_quantized_in_single():
    quantizer, latents = ours().eval(), torch.randn(2, DIM, 20).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = quantizer(latents)
    assert found.vectors.dtype == torch.float32
    assert torch.equal(found.codes, quantizer(latents.float()).codes)


def test_counts_are_saved_only_where_codes_are_restarted():
    assert ours(restart_below=0.1).state_dict().keys() - ours().state_dict().keys() == {"counts"}


def move(quantizer):
    """What ends a step: codes that died are replaced."""
    for name, value in quantizer.move().items():
        quantizer.get_parameter(name).data.copy_(value)


def train_on_one_spot(quantizer, num_steps):
    restarted = []
    for _ in range(num_steps):
        spot = torch.randn(1, DIM, 1) * 0.01 + 1.0
        quantizer(spot.expand(4, -1, 16) + 0.1 * torch.randn(4, DIM, 16))
        move(quantizer)
        restarted.append(int(quantizer.restarted))
    return restarted


def test_dead_codes_become_vectors_of_the_batch_and_are_counted():
    quantizer = ours(restart_below=0.5)
    before = quantizer.quantizers[0].codebook.weight.detach().clone()
    restarted = train_on_one_spot(quantizer, 80)
    assert restarted[0] == 0
    assert max(restarted) > SIZE // 2
    changed = (quantizer.quantizers[0].codebook.weight != before).any(1)
    assert changed.sum() > SIZE // 2
    torch.manual_seed(5)
    latents = torch.ones(4, DIM, 16) + 0.1 * torch.randn(4, DIM, 16)
    used = quantizer.eval()(latents).codes[:, 0].unique()
    untouched = ours().eval()
    untouched.load_state_dict({k: v for k, v in quantizer.state_dict().items() if k != "counts"})
    untouched.quantizers[0].codebook.weight.data.copy_(before)
    assert len(used) > len(untouched(latents).codes[:, 0].unique())


def test_without_restarting_and_in_evaluation_codes_stay():
    for quantizer in (ours(), ours(restart_below=0.9).eval()):
        before = copy.deepcopy(quantizer.state_dict())
        assert train_on_one_spot(quantizer, 3) == [0, 0, 0]
        assert all(torch.equal(value, before[k]) for k, value in quantizer.state_dict().items())


def test_a_restart_leaves_the_gradients_of_its_step_whole():
    quantizer = ours(restart_below=0.9)
    quantizer.counts.zero_()
    run(quantizer, torch.randn(2, DIM, 20))
    move(quantizer)
    assert int(quantizer.restarted) > 0
    assert all(value.grad.isfinite().all() for value in quantizer.parameters())


def test_a_batch_in_unequal_parts_is_counted_as_the_whole():
    whole, latents = ours(restart_below=0.01), torch.randn(6, DIM, 20)
    cut = copy.deepcopy(whole)
    whole(latents)
    for part in latents.split([1, 5]):
        cut(part)
    move(whole)
    move(cut)
    torch.testing.assert_close(cut.counts, whole.counts)
    assert not torch.equal(whole.counts, torch.ones_like(whole.counts))
