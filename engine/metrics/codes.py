"""How codes are used: entropy, share, and whether their order is the order of energy."""

import numpy as np


def perplexity(counts: np.ndarray) -> float:
    """Codes that are in use in effect: the exponential of the entropy of their counts."""
    shares = counts[counts > 0] / counts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


class CodeEnergies:
    """Counts of (code, energy) over any number of grids, in memory that does not grow.

    Energies in decibels are binned by 0.1 dB from `low_db` to `high_db`; what lies outside counts
    at the end.
    """

    _BIN_DB = 0.1

    def __init__(self, num_codes: int, low_db: float = -100.0, high_db: float = 60.0) -> None:
        self._low_db = low_db
        num_bins = round((high_db - low_db) / self._BIN_DB) + 1
        self.table = np.zeros((num_codes, num_bins), np.int64)

    def add(self, codes: np.ndarray, energies_db: np.ndarray) -> None:
        """Count cells: codes and energies of the same shape."""
        num_bins = self.table.shape[1]
        bins = np.rint((energies_db - self._low_db) / self._BIN_DB).astype(np.int64)
        cells = codes.astype(np.int64) * num_bins + bins.clip(0, num_bins - 1)
        found = np.bincount(cells.reshape(-1), minlength=self.table.size)
        self.table += found.reshape(self.table.shape)

    @property
    def counts(self) -> np.ndarray:
        """Cells of each code."""
        counts: np.ndarray = self.table.sum(1)
        return counts

    @property
    def mean_db(self) -> np.ndarray:
        """Mean energy of each code's cells in decibels; nan for a code that holds none."""
        levels = self._low_db + self._BIN_DB * np.arange(self.table.shape[1])
        with np.errstate(invalid="ignore"):
            means: np.ndarray = (self.table @ levels) / self.counts
        return means

    def rank_correlation(self, order: np.ndarray) -> float:
        """Spearman's correlation of a cell's energy with its code, codes taken in an order.

        `order` [num_codes] is one that the codes can be given.
        0 where all cells have one code or one energy.
        """
        table = self.table[order].astype(np.float64)
        codes, bins = _centred_ranks(table.sum(1)), _centred_ranks(table.sum(0))
        spread = (table.sum(1) @ codes**2) * (table.sum(0) @ bins**2)
        return float(codes @ table @ bins / np.sqrt(spread)) if spread > 0 else 0.0


def _centred_ranks(counts: np.ndarray) -> np.ndarray:
    """Mean rank of each group of ties, minus the mean of all ranks."""
    ends: np.ndarray = np.cumsum(counts)
    ranks: np.ndarray = ends - counts / 2 - ends[-1] / 2
    return ranks
