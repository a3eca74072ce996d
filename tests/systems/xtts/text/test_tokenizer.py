import hashlib
import subprocess
import sys

import pytest

from engine.errors import UserError
from engine.systems.xtts.text.normalize import normalize
from engine.systems.xtts.text.tokenizer import Tokenizer, character_limit
from engine.systems.xtts.text.vocabulary import character_vocabulary

HUNGARIAN = ["Jó napot, világ!", "Az árvíztűrő tükörfúrógép 3 napig jó.", "Hová mész ma este?"]
ENGLISH = ["Hello world, isn't it late?", "The fox & the dog.", "Then they left the house."]


@pytest.fixture(scope="session")
def content():
    texts = [normalize(text, "hu") for text in HUNGARIAN]
    texts += [normalize(text, "en") for text in ENGLISH]
    return character_vocabulary(texts, ["hu", "en", "zh"], num_merges=20)


@pytest.fixture
def path(content, tmp_path):
    (tmp_path / "vocab.json").write_text(content, "utf-8")
    return tmp_path / "vocab.json"


@pytest.fixture
def tokenizer(path):
    return Tokenizer.open(path)


@pytest.mark.parametrize(
    ("language", "text"),
    [("hu", text) for text in HUNGARIAN]
    + [("en", text) for text in ENGLISH]
    + [("hu-HU", "Jó napot!"), ("en-us", "Hello dog"), ("hu", "Ω és [en] itt")],
)
def test_ids_are_those_of_upstream(path, tokenizer, language, text):
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

    assert tokenizer.encode(text, language) == VoiceBpeTokenizer(path).encode(text, language)


def test_what_a_model_needs_to_know_is_upstreams(path, tokenizer):
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

    upstream = VoiceBpeTokenizer(path)
    assert tokenizer.num_tokens == upstream.get_number_tokens()
    assert tokenizer.start_token == upstream.tokenizer.token_to_id("[START]")
    assert tokenizer.stop_token == upstream.tokenizer.token_to_id("[STOP]") == 0
    assert character_limit("hu") == character_limit("hu-HU") == upstream.char_limits["hu"]
    assert character_limit("zh-cn") == upstream.char_limits["zh"]
    assert character_limit("te") == 250


def test_a_text_begins_with_its_language_and_spaces_are_tokens(path, tokenizer):
    first, *rest = tokenizer.encode("jó jó", "hu")
    half = len(rest) // 2
    assert first != tokenizer.encode("jó jó", "en")[0]
    assert rest[half] == 2
    assert rest[:half] == rest[half + 1 :]
    assert tokenizer.languages == ("en", "hu", "zh-cn")
    assert tokenizer.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_unknown_characters_are_named_once_in_their_order(tokenizer):
    assert tokenizer.unknown("Jó Ω napot λ és Ω!", "hu") == ["ω", "λ"]
    assert tokenizer.unknown("Jó napot!", "hu") == []


def test_names_of_tokens_in_a_transcript_count_as_unknown(tokenizer):
    assert tokenizer.unknown("Jó [en] napot", "hu") == ["[en]"]


def test_reports_show_the_text_without_marks(tokenizer):
    ids = [tokenizer.start_token, *tokenizer.encode("Jó Ω napot!", "hu"), tokenizer.stop_token]
    assert tokenizer.decode(ids) == "jó � napot!"


def test_a_language_without_a_token_is_refused_with_a_way_out(tokenizer):
    with pytest.raises(UserError, match=r"'te'; it has en, hu, zh-cn.*dataset\.languages"):
        tokenizer.encode("నమస్కారం", "te")
    with pytest.raises(UserError, match="'START' is no code of a language"):
        tokenizer.encode("Hello", "START")


@pytest.mark.parametrize("text", ["", "  \n", '""'])
def test_a_text_without_anything_to_speak_is_refused(tokenizer, text):
    with pytest.raises(UserError, match="nothing to speak"):
        tokenizer.encode(text, "hu")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: "{}", "no file of the `tokenizers` package"),
        (lambda content: "", "no file of the `tokenizers` package"),
        (lambda content: content.replace("[START]", "[BEGIN]"), r"lacks the tokens \[START\]"),
        (lambda content: content.replace('"BPE"', '"WordLevel"'), "vocab.json is no vocabulary"),
    ],
)
def test_a_file_that_is_no_vocabulary_is_refused(path, content, change, message):
    path.write_text(change(content), "utf-8")
    with pytest.raises(UserError, match=message):
        Tokenizer.open(path)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path):
    with pytest.raises(UserError, match="no vocabulary at"):
        Tokenizer.open(tmp_path / "vocab.json")
    (tmp_path / "vocab.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not a vocabulary of XTTS"):
        Tokenizer.open(tmp_path / "vocab.json")


def test_the_tokenizer_imports_neither_torch_nor_transformers():
    program = (
        "import sys, engine.systems.xtts.text.tokenizer;"
        "sys.exit(bool({'torch', 'transformers', 'num2words'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
