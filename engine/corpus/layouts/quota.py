"""Whether so many rows of a folder's tables are without a file that ingesting would stop."""

from itertools import islice

from engine.corpus.layouts.listing import Listing
from engine.errors import UserError
from engine.files.text import visible

_SHOWN = 3


def require_files(listing: Listing, name: str, at_most_bad: float) -> None:
    """Raise UserError where more rows are without a file than corpus `name` may lose.

    What else is wrong with the files is found out when they are copied and ingested.
    """
    bad = sum(1 for _ in listing.refused_rows())
    if bad <= at_most_bad * (listing.num_candidates + listing.num_missing):
        return
    some = islice(listing.refused_rows(), _SHOWN)
    shown = "; ".join(visible(f"{one.path} ({one.detail})") for one in some)
    raise UserError(
        f"{bad:,} rows of tables name no file that can be used, beside {listing.num_candidates:,} "
        f"clips, and corpora.{name}.at_most_bad = {at_most_bad:g} in params.toml allows no more "
        f"than that share: {shown}{'; ...' if bad > _SHOWN else ''}. Nothing is changed. Mend the "
        "table, bring the files, or raise that share."
    )
