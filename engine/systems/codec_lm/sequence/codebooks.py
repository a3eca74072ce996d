"""The codebooks of a codec in a language model: each with two more entries."""

from attrs import frozen


@frozen
class Codebooks:
    """The number of codebooks, and of the codes of each."""

    num_codebooks: int
    codebook_size: int
    """Codes alone, without the two entries below."""

    @property
    def bos(self) -> int:
        """The entry that begins a stream of codes, and fills what the delay leaves open before."""
        return self.codebook_size

    @property
    def eos(self) -> int:
        """The entry that ends a stream of codes, and fills what the delay leaves open after it."""
        return self.codebook_size + 1

    @property
    def num_entries(self) -> int:
        """Entries of each codebook; `codebook_size` in a configuration of transformers."""
        return self.codebook_size + 2
