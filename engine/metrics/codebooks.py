"""How the codes of each codebook are used, counted over a whole set of clips."""

import numpy as np

from engine.metrics.codes import perplexity


class CodebookCounts:
    """Counts of the codes of `num_codebooks` codebooks of `size` codes each.

    Figures of single codebooks are arrays [num_codebooks]. None means anything before a frame has
    been added: asserts that one has.
    """

    def __init__(self, num_codebooks: int, size: int) -> None:
        self.counts = np.zeros((num_codebooks, size), np.int64)

    def add(self, codes: np.ndarray) -> None:
        """Count the codes [num_codebooks, frames] of a clip."""
        num_codebooks, size = self.counts.shape
        assert codes.ndim == 2, f"codes of shape {codes.shape}"
        assert len(codes) == num_codebooks, f"{len(codes)} codebooks, not {num_codebooks}"
        for counts, row in zip(self.counts, codes, strict=True):
            found = np.bincount(row, minlength=size)
            assert len(found) == size, f"a code {row.max()} of {size} codes"
            counts += found

    @property
    def num_frames(self) -> int:
        """Frames that were counted."""
        return int(self.counts[0].sum())

    @property
    def usage(self) -> np.ndarray:
        """Share of each codebook's codes that occur."""
        shares: np.ndarray = (self._seen > 0).mean(1)
        return shares

    @property
    def dead_codes(self) -> float:
        """Share of all codes that do not occur."""
        return 1.0 - float(self.usage.mean())

    @property
    def perplexity(self) -> np.ndarray:
        """Codes in use in effect: the exponential of the plug-in entropy of each codebook."""
        return np.array([perplexity(counts) for counts in self._seen])

    @property
    def entropy_bits(self) -> np.ndarray:
        """Entropy of each codebook's codes in bits, at most log2 of its size.

        The plug-in estimate is too low by about (K - 1) / 2N nats, for K codes among N frames;
        that is added (Miller, 1955), with the codes that occur as K. Below some twenty frames a
        code even this is too low: print `num_frames` beside it.
        """
        bias = ((self._seen > 0).sum(1) - 1) / (2 * self.num_frames)
        nats = np.log(self.perplexity) + bias
        bits: np.ndarray = np.minimum(nats, np.log(self.counts.shape[1])) / np.log(2.0)
        return bits

    @property
    def bitrate_efficiency(self) -> float:
        """Entropy of all codebooks over the bits their codes are sent with (DAC, section 4.5)."""
        num_codebooks, size = self.counts.shape
        return float(self.entropy_bits.sum() / (num_codebooks * np.log2(size)))

    @property
    def _seen(self) -> np.ndarray:
        assert self.num_frames > 0, "no frame was counted"
        return self.counts
