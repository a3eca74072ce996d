"""How many bad files a corpus may have, and whether a folder's tables already exceed that."""

import math
from itertools import islice

from engine.corpus.layouts.listing import Listing
from engine.errors import UserError
from engine.files.text import visible

_SHOWN = 3


def num_bad_allowed(at_most_bad: float, found: int) -> int:
    """The share of `found` files, and one file of a corpus however small; none for a share of 0."""
    return max(math.floor(at_most_bad * found), 1 if at_most_bad else 0)


def how_to_allow(name: str, bad: int, found: int) -> str:
    """What to write to params.toml so that so many are allowed: the share, rounded up."""
    return (
        f"at_most_bad = {math.ceil(100 * bad / found) / 100:g} in [corpora.{name}] of params.toml"
    )


def require_files(listing: Listing, name: str, at_most_bad: float) -> None:
    """Raise UserError where more rows are without a file than corpus `name` may lose.

    What else is wrong with the files is found out when they are copied and ingested.
    """
    bad = sum(1 for _ in listing.refused_rows())
    found = listing.num_candidates + listing.num_missing
    if bad <= num_bad_allowed(at_most_bad, found):
        return
    some = islice(listing.refused_rows(), _SHOWN)
    shown = "; ".join(visible(f"{one.path} ({one.detail})") for one in some)
    raise UserError(
        f"{bad:,} rows of tables name no file that can be used, beside {listing.num_candidates:,} "
        f"clips, and corpora.{name}.at_most_bad = {at_most_bad:g} in params.toml allows no more "
        f"than that share: {shown}{'; ...' if bad > _SHOWN else ''}. Nothing is changed. Mend the "
        f"table, bring the files, or set {how_to_allow(name, bad, found)}."
    )
