from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F

from engine.nn.quantize import (
    EmaCodebook,
    GradientCodebook,
    OrderedLevels,
    k_means_plus_plus,
    nearest,
)

QUANTIZERS = {
    "gradient": lambda: GradientCodebook(6, 10),
    "ema": lambda: EmaCodebook(6, 10, code_dim=3, decay=0.9, revive_below=0.05),
    "ordered": lambda: OrderedLevels(6, 10),
}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture(params=QUANTIZERS)
def quantizer(request):
    made = QUANTIZERS[request.param]()
    made(torch.randn(200, 6))
    return made.eval()


def clusters(num=4, dim=3, each=50):
    centres = 10.0 * torch.eye(num, dim) + 5.0
    return centres, (centres[:, None] + 0.01 * torch.randn(num, each, dim)).flatten(0, 1)


def test_codes_are_in_range_and_stand_for_the_vectors_returned(quantizer):
    found = quantizer(torch.randn(2, 5, 5, 6))
    assert found.indices.shape == (2, 5, 5)
    assert found.indices.dtype == torch.int64
    assert 0 <= found.indices.min() <= found.indices.max() < 10
    assert torch.allclose(found.vectors, quantizer.vectors_of(found.indices), atol=1e-6)


def test_the_gradient_passes_straight_through_to_the_vectors(quantizer):
    vectors = torch.randn(7, 6, requires_grad=True)
    quantizer(vectors).vectors.sum().backward()
    assert (vectors.grad != 0).any(1).all()


def test_half_precision_is_quantized_in_single(quantizer):
    vectors = torch.randn(50, 6)
    with torch.autocast("cpu", torch.bfloat16):
        found = quantizer(vectors.bfloat16())
    assert found.vectors.dtype == torch.float32
    assert torch.equal(found.indices, quantizer(vectors.bfloat16().float()).indices)


def test_renumbering_changes_names_and_nothing_else(quantizer):
    vectors = torch.randn(300, 6)
    before = quantizer(vectors)
    order = quantizer.renumber(torch.arange(9.0, -1.0, -1.0))
    assert order.tolist() == list(range(9, -1, -1))
    after = quantizer(vectors)
    assert torch.equal(order[after.indices], before.indices)
    assert torch.allclose(after.vectors, before.vectors, atol=1e-6)


def test_nearest_is_the_smallest_euclidean_distance():
    vectors, codes = torch.randn(500, 8), torch.randn(10, 8)
    assert torch.equal(nearest(vectors, codes), torch.cdist(vectors, codes).argmin(1))


def test_the_gradient_codebook_has_the_losses_and_gradients_of_vq_vae():
    vectors = torch.randn(40, 6, dtype=torch.float64, requires_grad=True)
    target = torch.randn(40, 6, dtype=torch.float64)
    book = GradientCodebook(6, 10).double()
    found = book(vectors)
    loss = (found.vectors * target).sum() + 0.25 * found.losses["commitment"]
    grads = torch.autograd.grad(loss + found.losses["codebook"], (vectors, book.codebook.weight))
    codes = book.codebook(found.indices)
    through = vectors + (codes - vectors).detach()
    loss = (through * target).sum() + 0.25 * F.mse_loss(vectors, codes.detach())
    loss = loss + F.mse_loss(codes, vectors.detach())
    expected = torch.autograd.grad(loss, (vectors, book.codebook.weight))
    for mine, theirs in zip(grads, expected, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-12)


def test_the_published_codebook_starts_within_one_over_the_number_of_codes():
    weight = GradientCodebook(64, 10).codebook.weight
    assert weight.abs().max() <= 0.1
    assert weight.abs().max() > 0.09


def test_k_means_finds_well_separated_clusters():
    centres, vectors = clusters()
    found = k_means_plus_plus(vectors, 4)
    assert torch.cdist(centres, found).amin(1).max() < 0.1


def test_k_means_survives_fewer_distinct_vectors_than_codes():
    assert k_means_plus_plus(torch.ones(20, 3), 5).isfinite().all()


def test_ema_codes_are_placed_by_the_first_training_batch_and_move_towards_what_follows():
    _, vectors = clusters(dim=3)
    book = EmaCodebook(3, 4, code_dim=3, decay=0.5, revive_below=0.0)
    book(vectors)
    book.move()
    assert book.placed
    before = book.codes.clone()
    shift = book.project_in(vectors + 0.5).detach().mean(0) - book.project_in(vectors).mean(0)
    for _ in range(20):
        book(vectors + 0.5)
        book.move()
    assert torch.allclose(book.codes, before + shift, atol=0.05)


def test_evaluation_leaves_the_ema_codebook_alone():
    book = EmaCodebook(3, 4, code_dim=3, decay=0.5, revive_below=0.05).eval()
    state = {name: value.clone() for name, value in book.state_dict().items()}
    book(torch.randn(100, 3))
    assert all(torch.equal(value, book.state_dict()[name]) for name, value in state.items())


def test_a_dead_code_is_replaced_by_a_vector_of_the_batch():
    _, vectors = clusters(dim=3)
    book = EmaCodebook(3, 4, code_dim=3, decay=0.5, revive_below=0.05)
    book(vectors)
    book.move()
    book.codes[0] = 1e6
    book.sums[0] = 1e6
    book.counts[0] = 1e-3
    for _ in range(3):
        book(vectors)
        book.move()
    low = book.project_in(vectors)
    assert torch.cdist(book.codes, low).amin(1).max() < 1.0


def test_a_batch_in_unequal_parts_moves_an_ema_codebook_as_the_whole_does():
    _, vectors = clusters(dim=3)
    whole = EmaCodebook(3, 4, code_dim=3, decay=0.5, revive_below=0.0)
    whole(vectors)
    whole.move()
    cut = deepcopy(whole)
    for book, parts in ((whole, [vectors]), (cut, vectors.split([5, 30, len(vectors) - 35]))):
        for _ in range(3):
            codes = [book(part + 0.5).indices for part in parts]
            book.move()
        assert sum(map(len, codes)) == len(vectors)
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(cut.state_dict()[name], value)


def test_within_a_step_an_ema_codebook_stays_as_it_is():
    _, vectors = clusters(dim=3)
    book = EmaCodebook(3, 4, code_dim=3, decay=0.5, revive_below=0.05)
    book(vectors)
    book.move()
    before = book.codes.clone()
    book(vectors + 3.0)
    assert torch.equal(book.codes, before)
    book.move()
    assert not torch.equal(book.codes, before)


def test_ordered_levels_rise_with_the_number_they_quantize():
    levels = OrderedLevels(1, 10)
    with torch.no_grad():
        levels.project_in.weight.fill_(1.0)
        levels.project_in.bias.zero_()
    codes = levels(torch.linspace(-4, 4, 200)[:, None]).indices
    assert (codes.diff() >= 0).all()
    assert codes.unique().tolist() == list(range(10))


def test_ordered_levels_that_already_rise_are_left_alone():
    levels = OrderedLevels(6, 10)
    before = levels.project_in.weight.clone()
    order = levels.renumber(torch.tensor([0.0, 2, 1, 3, 4, 5, 6, 7, 9, 8]))
    assert order.tolist() == list(range(10))
    assert torch.equal(levels.project_in.weight, before)


@pytest.mark.parametrize(
    ("used", "order"),
    [
        ({5: -10.0, 6: -20.0, 7: -30.0}, range(9, -1, -1)),
        ({2: -30.0, 3: -20.0, 4: -10.0}, range(10)),
        ({7: -20.0}, range(10)),
        ({}, range(10)),
    ],
)
def test_only_levels_in_use_say_whether_all_are_turned_around(used, order):
    energies = torch.full((10,), torch.nan)
    for level, energy in used.items():
        energies[level] = energy
    assert OrderedLevels(6, 10).renumber(energies).tolist() == list(order)


def test_a_codebook_is_sorted_and_its_unused_codes_come_last():
    book = GradientCodebook(6, 4)
    assert book.renumber(torch.tensor([torch.nan, -50.0, torch.nan, -60.0])).tolist() == [
        3,
        1,
        0,
        2,
    ]
