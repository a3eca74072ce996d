import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UserError
from engine.systems.xtts.text.tokenizer import Tokenizer
from engine.systems.xtts.text.vocabulary import (
    character_vocabulary,
    extend_vocabulary,
    extended_rows,
)

ENGLISH = [
    "the quick brown fox jumps over the lazy dog, isn't it?!",
    "then the other brothers went there with their mother.",
    "what is this thing that they have been thinking about?",
] * 3
TELUGU = ["నమస్కారం ప్రపంచం", "తెలుగు భాష ప్రపంచం?!", "నమస్కారం తెలుగు భాష", "మంచి రోజు?!"] * 3
SLOVAK = ["ľudia na svete, čo je to?", "ľudia sveta, kde je ľud?", "čo je na tom svete?"] * 3
NUM_NEW = 40


@pytest.fixture(scope="module")
def published():
    """Laid out as the published file: START amid the tokens, an id that no token has."""
    file = json.loads(character_vocabulary(ENGLISH, ["en", "fr"], num_merges=30))
    vocabulary = file["model"]["vocab"]
    last = max(vocabulary.values())
    moved = {"[START]": last + 2, "[fr]": last + 3}
    vocabulary.update(moved)
    for token in file["added_tokens"]:
        token["id"] = moved.get(token["content"], token["id"])
    return json.dumps(file)


@pytest.fixture(scope="module")
def telugu(published):
    return extend_vocabulary(published, TELUGU, "te", NUM_NEW)


def ids_of(content):
    return json.loads(content)["model"]["vocab"]


def upstream(content, folder):
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

    (folder / "vocab.json").write_text(content, "utf-8")
    return VoiceBpeTokenizer(folder / "vocab.json")


def test_a_small_vocabulary_has_the_published_ids_and_every_character():
    content = character_vocabulary(["ab c", "cd"], ["hu", "zh"])
    assert ids_of(content) == {
        name: number
        for number, name in enumerate(
            ["[STOP]", "[UNK]", "[SPACE]", "[START]", "[hu]", "[zh-cn]", "a", "b", "c", "d"]
        )
    }
    assert Tokenizer.read(content).encode("Dab", "hu") == [4, 9, 6, 7]


def test_merges_shorten_text_and_coqui_reads_them_alike(tmp_path):
    plain = Tokenizer.read(character_vocabulary(ENGLISH, ["en"]))
    content = character_vocabulary(ENGLISH, ["en"], num_merges=40)
    merged = Tokenizer.read(content)
    assert merged.num_tokens == plain.num_tokens + 40
    for text in ENGLISH:
        ids = merged.encode(text, "en")
        assert len(ids) < len(plain.encode(text, "en"))
        assert merged.decode(ids) == text
        assert ids == upstream(content, tmp_path).encode(text, "en")


def test_a_vocabulary_depends_neither_on_order_nor_on_chance():
    contents = {
        character_vocabulary(ENGLISH[start:] + ENGLISH[:start], ["en"], num_merges=40)
        for start in range(4)
    }
    assert len(contents) == 1


def test_merges_end_where_no_pair_repeats():
    assert len(ids_of(character_vocabulary(["ab"], ["en"], num_merges=10))) == 5 + 2
    assert len(ids_of(character_vocabulary(["!?!?"], ["en"], num_merges=10))) == 5 + 2


def test_an_extension_appends_and_moves_nothing(published, telugu):
    old, new = ids_of(published), ids_of(telugu)
    assert new.items() >= old.items()
    first = max(old.values()) + 1
    added = sorted(new[token] for token in new.keys() - old.keys())
    assert added == list(range(first, first + NUM_NEW))
    assert new["[te]"] == first
    before, after = Tokenizer.read(published), Tokenizer.read(telugu)
    assert (after.start_token, after.stop_token) == (before.start_token, before.stop_token)
    assert after.languages == ("en", "fr", "te")


def test_an_extension_speaks_the_new_language_in_fewer_tokens(published, telugu):
    tokenizer = Tokenizer.read(telugu)
    alone = Tokenizer.read(character_vocabulary(TELUGU, ["te"]))
    for text in TELUGU:
        ids = tokenizer.encode(text, "te")
        assert tokenizer.decode(ids) == text
        assert len(ids) < len(alone.encode(text, "te"))
        assert tokenizer.unknown(text, "te") == []


@settings(max_examples=50, deadline=None)
@given(text=st.text("abcdefghijklmnopqrstuvwxyz ?!'.,", min_size=1).filter(str.strip))
def test_a_new_script_changes_no_other_text(published, telugu, text):
    before, after = Tokenizer.read(published), Tokenizer.read(telugu)
    assert after.encode(text, "en") == before.encode(text, "en")


def test_upstream_encodes_other_languages_with_the_extended_file(telugu, tmp_path):
    coqui = upstream(telugu, tmp_path)
    assert coqui.encode(ENGLISH[0], "en") == Tokenizer.read(telugu).encode(ENGLISH[0], "en")
    assert coqui.get_number_tokens() == Tokenizer.read(telugu).num_tokens


def test_a_new_language_in_known_letters_joins_what_old_merges_left(published):
    content = extend_vocabulary(published, SLOVAK, "sk", 30)
    before, after = Tokenizer.read(published), Tokenizer.read(content)
    for text in SLOVAK:
        assert len(after.encode(text, "sk")) < len(text)
        assert after.decode(after.encode(text, "sk")) == text
    # The old cut comes first: with the new joints undone, the text is cut as before.
    merges = json.loads(content)["model"]["merges"]
    old_merges = json.loads(published)["model"]["merges"]
    assert merges[: len(old_merges)] == old_merges
    assert after.decode(after.encode(ENGLISH[0], "en")) == ENGLISH[0]
    assert len(after.encode(ENGLISH[0], "en")) <= len(before.encode(ENGLISH[0], "en"))


def test_merges_that_newer_versions_wrote_as_lists_are_continued(published, telugu):
    file = json.loads(published)
    file["model"]["merges"] = [merge.split(" ") for merge in file["model"]["merges"]]
    tokenizer = Tokenizer.read(extend_vocabulary(json.dumps(file), TELUGU, "te", NUM_NEW))
    for text in TELUGU:
        assert tokenizer.encode(text, "te") == Tokenizer.read(telugu).encode(text, "te")


def test_an_extension_can_be_extended(telugu):
    twice = extend_vocabulary(telugu, SLOVAK, "sk", 20)
    assert ids_of(twice).items() >= ids_of(telugu).items()
    assert Tokenizer.read(twice).languages == ("en", "fr", "sk", "te")


def test_extensions_that_cannot_be_are_refused(published):
    with pytest.raises(UserError, match="has the language 'fr' already"):
        extend_vocabulary(published, ENGLISH, "fr", 10)
    with pytest.raises(UserError, match="3 new tokens are too few for the language 'te'"):
        extend_vocabulary(published, TELUGU, "te", 3)
    with pytest.raises(UserError, match="'Telugu' is not the code"):
        extend_vocabulary(published, TELUGU, "Telugu", 10)


@pytest.mark.parametrize("shape", [(4,), ()], ids=["weight", "bias"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_old_rows_stay_and_new_ones_begin_as_means_of_their_parts(published, shape, dtype):
    torch.manual_seed(0)
    content = extend_vocabulary(published, SLOVAK, "sk", 30)
    old, new = ids_of(published), ids_of(content)
    weight = torch.randn(max(old.values()) + 1, *shape, dtype=dtype)
    rows = extended_rows(weight, published, content)
    assert rows.dtype == dtype
    assert rows.shape == (max(new.values()) + 1, *shape)
    assert torch.equal(rows[: len(weight)], weight)

    def mean(*names):
        return weight[[old[name] for name in names]].float().mean(0).to(dtype)

    assert torch.equal(rows[new["[sk]"]], mean("[en]", "[fr]"))
    assert torch.equal(rows[new["ľ"]], weight.float().mean(0).to(dtype))
    assert "je" in new
    torch.testing.assert_close(rows[new["je"]], mean("j", "e"))


def test_rows_of_another_vocabulary_are_refused(published, telugu):
    with pytest.raises(UserError, match="made for 7"):
        extended_rows(torch.zeros(7, 2), published, telugu)
