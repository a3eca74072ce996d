from typing import get_args

import attrs

from engine.corpus.account.reasons import MEANINGS
from engine.corpus.table.manifest import Reason
from engine.recipe.params import CorpusSource


def test_every_reason_has_its_meaning_and_a_way_back():
    assert tuple(MEANINGS) == get_args(Reason)
    for meaning in MEANINGS.values():
        assert meaning.what.endswith(".")
        assert meaning.to_do.endswith(".")


def test_every_limit_is_a_key_of_params():
    keys = {field.name for field in attrs.fields(CorpusSource)}
    assert {one.limit for one in MEANINGS.values() if one.limit} <= keys
