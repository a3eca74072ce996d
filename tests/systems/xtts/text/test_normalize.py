import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UserError
from engine.systems.xtts.text.normalize import normalize

PLAIN = {
    "en": [
        'He said: "Isn\'t it late?"  Then   he left.',
        "Mr. and Mrs. Smith met Dr. Jones, Gen. Grant and Capt. Cook on St. James St.",
        "Smith & Co. Ltd., Rev. Hill, Lt. Col. Maj. Sgt. Drs. Hon. Esq. Jr. Ft. Worth",
        "The 1st, 2nd, 3rd, 4th, 21st and 101st of 1,234,567.",
        "In 12.5 seconds, 0.05 or 3.14159; 12.50 and 12.0.",
        "That is $20, 20$, $1,234.56, £5.01, £20, 20€ and €0.50.",
        "About 14% of #5 at 25° or me@home.com, R&B, 5-10% in 1999.",
        "It is 50. We are 3.",
        "At 12:30, in 2 or 3.",
        "“Curly” quotes – and dashes — and ‘these’… stay.",
    ],
    "hu": [
        'Azt mondta: "Árvíztűrő tükörfúrógép!"  Aztán   elment.',
        "Dr. Szabó és Kovács nőv. ott volt a 21. században, az 1. teszten.",
        "Az ár 12,5 fok, 0,05 vagy 12,50; 3.5 és 12,0.",
        "Összesen 10.000, 1.234.567 és 2019 meg 1.000.000,5 darab.",
        "Kb 14% és #3, 25° vagy info@valami.hu, R&B, 5-10% között.",
        "1,5 millió, 12:30, 3adik.",
        "„Idézet” – és gondolatjel — meg pontok… marad.",
    ],
}
# Where we leave upstream on purpose. Vocabulary, ours, upstream's.
DIFFERENT = {
    "en": [
        ("(5%).", "(five percent).", "(five percent )."),
        ("20 €", "twenty euro", "twenty €"),
        ("$ 20", "twenty dollars", "dollar twenty"),
        ("the 1,000th", "the one thousandth", "the oneth"),
        ("$5 million", "five million dollars", "five dollars million"),
        ("at -5", "at minus five", "at -five"),
        ("$1.5 billion", "one point five billion dollars", "one dollar, fifty cents billion"),
    ],
    "hu": [
        # Suffixes are joined to the word they were written behind.
        ("5%-os", "öt százalékos", "öt százalék -os"),
        ("12-kor", "tizenkettőkor", "tizenkettő-kor"),
        ("3-as 7-et 0-tól", "hármas hetet nullától", "három-as hét-et nulla-tól"),
        ("2-szer 1-gyel 20-szal", "kétszer eggyel hússzal", "kettő-szer egy-gyel húsz-szal"),
        ("100 $-ért", "száz dollárért", "száz dollár -ért"),
        # Dates, years, and a point that only ends the text.
        ("Május 15-én", "május tizenötödikén", "május tizenöt-én"),
        ("Május 1-jén", "május elsején", "május egy-jén"),
        ("Május 2.", "május másodika", "május második"),
        ("2024. május", "kétezer-huszonnégy május", "kétezer-huszonnegyedik május"),
        ("Ez 50.", "ez ötven.", "ez ötvenedik"),
        ("3... 2", "három... kettő", "harmadik.. kettő"),
        # Thousands, units, money and abbreviations as they are written in Hungarian.
        ("10 000", "tízezer", "tíz nulla"),
        ("-5", "mínusz öt", "-öt"),
        ("500 Ft-ot", "ötszáz forintot", "ötszáz ft-ot"),
        ("5 km, 25 °C", "öt kilométer, huszonöt celsius-fok", "öt km, huszonöt fok c"),
        ("$20", "húsz dollár", "húsz dollars"),
        ("20,50 €", "húsz egész öt tized euró", "húsz egész öt tized €"),
        ("pl. ifj. Nagy", "például ifjabb nagy", "pl. ifj. nagy"),
        ("B. Nagy", "b. nagy", "bácsi nagy"),
        ("(5%).", "(öt százalék).", "(öt százalék )."),
    ],
    "de": [("12,5", "zwölf komma fünf", "zwölf Komma fünf")],
    "ar": [("20€", "عشرون يورو", "عشرون ريالاً")],
}
OTHERS = [
    ("fr", "Le 1er soldat a 12,5 % de 100.000 francs & 20,15€."),
    ("de", "Es gab 50 Soldaten am 1. Tag in Köln."),
    ("es", "Había 50 soldados, un 1er test y $20,15."),
    ("it", "C'erano 50 soldati e 20€ per il 1º @ test."),
    ("pt", "Este é um 1º teste: ana&joao com 20€."),
    ("pl", "W 12,5 sekundy było 36.6° i 20,15€."),
    ("cs", "Za 12,5 vteřiny mám 14% baterie a 20€."),
    ("ru", "Через 12.5 секунды было 14% и 20.15€."),
    ("nl", "In 12,5 seconden dat wordt $20."),
    ("tr", "İSTANBUL Bu 1. test, Pilim %14 dolu."),
    ("ar", "كان هناك 50 جنديًا و 14% هنا."),
    ("hi", "मेरे पास बैटरी है।"),
    ("ko", "이것은 50 명의 병사가 14%입니다."),
]


@pytest.fixture(scope="session")
def coqui():
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

    return VoiceBpeTokenizer().preprocess_text


@pytest.mark.parametrize(
    ("language", "text"), [(key, text) for key, texts in PLAIN.items() for text in texts] + OTHERS
)
def test_text_comes_out_as_upstream_trained_on_it(coqui, language, text):
    assert normalize(text, language) == coqui(text, language)


@pytest.mark.parametrize(
    ("language", "text", "ours", "theirs"),
    [(key, *row) for key, rows in DIFFERENT.items() for row in rows],
)
def test_what_differs_from_upstream_differs_on_purpose(coqui, language, text, ours, theirs):
    assert normalize(text, language) == ours
    assert coqui(text, language) == theirs


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("A 100 000 Ft-os díj 50%-kal nőtt.", "a százezer forintos díj ötven százalékkal nőtt."),
        ("1990-es, 1848-ban", "ezerkilencszázkilencvenes, ezernyolcszáznegyvennyolcban"),
        ("A 3., a 4. és az 5.", "a harmadik, a negyedik és az öt."),
        ("3,14159", "három egész egy négy egy öt kilenc"),
        ("március 31-ig, 30-a", "március harmincegyig, harmincadika"),
        ("10 km/h, 2,5-szeres", "tíz kilométer per óra, kettő egész öt tizedszeres"),
    ],
)
def test_hungarian_is_read_as_it_is_spoken(text, spoken):
    assert normalize(text, "hu") == spoken


@pytest.mark.parametrize("language", ["en", "hu", "de", "te"])
@pytest.mark.parametrize(
    "number", ["9" * 5000, "9" * 5000 + "-e", "1." + "9" * 40, "$" + "9" * 400, "9" * 400 + "th"]
)
def test_a_number_of_any_length_becomes_words_or_is_refused(language, number):
    spoken = spoken_or_refused(number, language)
    assert not any(character.isdigit() for character in spoken)


@settings(max_examples=150, deadline=None)
@given(
    language=st.sampled_from(["en", "hu", "hu", "de", "fr", "nl", "ru", "tr", "cs"]),
    text=st.text("0123456789.,-%$£€#° ()/:;!?adiknsth", max_size=14),
)
def test_whatever_is_written_no_digit_is_left_and_spaces_are_single(language, text):
    spoken = spoken_or_refused(text, language)
    assert not any(character.isdigit() for character in spoken)
    assert spoken == " ".join(spoken.split()).lower()


def spoken_or_refused(text, language):
    """What is spoken; nothing where it cannot be told how a number is read."""
    try:
        return normalize(text, language)
    except UserError as error:
        if "It is uncertain how" not in str(error):
            raise
        return ""


def test_decomposed_accents_are_those_of_the_vocabulary():
    assert normalize("o\u030b", "hu") == "ő"


def test_numbers_of_a_language_that_num2words_lacks_are_refused():
    with pytest.raises(UserError, match="'hi': write them out"):
        normalize("50 सैनिक थे।", "hi")


def test_a_language_without_words_for_symbols_keeps_them():
    assert normalize("నమస్కారం 12 %", "te") == "నమస్కారం పన్నెండు %"


@pytest.mark.parametrize(
    ("language", "module", "package"),
    [
        ("ja", "cutlet", "cutlet"),
        ("ko", "ko_speech_tools", "ko-speech-tools"),
        ("zh", "pypinyin", "pypinyin"),
    ],
)
def test_a_missing_package_is_named(monkeypatch, language, module, package):
    monkeypatch.setitem(sys.modules, module, None)
    _forget_romanisers()
    with pytest.raises(UserError, match=f"pip install {package}"):
        normalize("日本", language)


def test_text_without_numbers_imports_no_num2words():
    program = (
        "import sys; from engine.systems.xtts.text.normalize import normalize; "
        "normalize('Szia!', 'hu'); "
        "sys.exit(bool({'num2words', 'torch', 'transformers'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def _forget_romanisers():
    from engine.systems.xtts.text import normalize as module

    for romaniser in (module._japanese, module._korean, module._chinese):
        romaniser.cache_clear()
