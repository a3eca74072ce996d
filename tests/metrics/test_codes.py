import numpy as np
import pytest
from scipy.stats import spearmanr

from engine.metrics.codes import CodeEnergies, perplexity


def test_perplexity_is_the_number_of_codes_when_all_are_used_alike_and_one_when_one_is():
    assert perplexity(np.full(10, 7)) == pytest.approx(10.0)
    assert perplexity(np.array([0, 5, 0])) == pytest.approx(1.0)


def test_perplexity_of_two_codes_is_exp_of_their_entropy():
    expected = np.exp(-(0.25 * np.log(0.25) + 0.75 * np.log(0.75)))
    assert perplexity(np.array([1, 3])) == pytest.approx(expected)


@pytest.fixture
def cells():
    random = np.random.default_rng(0)
    energies = np.round(random.uniform(-80, 40, (6, 30, 30)), 1)
    noisy = energies + random.normal(0, 20, energies.shape)
    codes = np.digitize(noisy, np.linspace(-70, 30, 9))
    return np.array([3, 1, 0, 2, 4, 5, 6, 9, 8, 7])[codes], energies


def test_counts_and_mean_energies_are_those_of_the_cells(cells):
    codes, energies = cells
    counted = CodeEnergies(10)
    for grid, energy in zip(codes, energies, strict=True):
        counted.add(grid, energy)
    assert counted.counts.tolist() == np.bincount(codes.ravel(), minlength=10).tolist()
    means = [energies[codes == code].mean() for code in range(10)]
    assert counted.mean_db == pytest.approx(means, abs=1e-6)


@pytest.mark.parametrize("order", [range(10), range(9, -1, -1), [2, 1, 3, 0, 4, 5, 6, 9, 8, 7]])
def test_rank_correlation_is_spearmans_of_codes_renamed_in_the_given_order(cells, order):
    codes, energies = cells
    counted = CodeEnergies(10)
    counted.add(codes, energies)
    renamed = np.argsort(order)[codes]
    expected = spearmanr(renamed.ravel(), energies.ravel()).statistic
    assert counted.rank_correlation(np.array(order)) == pytest.approx(expected, abs=1e-9)


def test_a_code_that_holds_no_cell_has_no_energy():
    counted = CodeEnergies(4)
    counted.add(np.array([3, 3, 1]), np.array([-50.0, -50.0, -60.0]))
    assert np.isnan(counted.mean_db).tolist() == [True, False, True, False]


def test_one_code_for_everything_has_no_order():
    counted = CodeEnergies(4)
    counted.add(np.zeros(5, int), np.arange(5.0))
    assert counted.rank_correlation(np.arange(4)) == 0.0


def test_energies_outside_the_range_count_at_its_ends():
    counted = CodeEnergies(2, low_db=-100.0, high_db=60.0)
    counted.add(np.array([0, 1]), np.array([-500.0, 500.0]))
    assert counted.mean_db == pytest.approx([-100.0, 60.0])
