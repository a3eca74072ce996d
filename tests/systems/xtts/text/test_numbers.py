import subprocess
import sys
import unicodedata

import pytest
from babel.numbers import format_decimal
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from engine.errors import UserError
from engine.systems.xtts.text.normalize import normalize
from engine.systems.xtts.text.normalize_others import other
from engine.systems.xtts.text.number_words import DECIMAL_POINT

READ = {
    "ar": {"١٢٫٥": "اثنا عشر فاصلة خمسة", "١٬٠٠٠": "ألف", "1,000": "ألف"},
    "cs": {"1 000,5": "tisíc celá pět", "-5": "minus pět"},
    "de": {
        "1.000": "eintausend",
        "1,5": "eins komma fünf",
        "1'000'000": "eine million",
        "12.000,50 €": "zwölftausend euro und fünfzig cent",
        "am 5. Mai": "am fünfte mai",
    },
    "en": {
        "1,000": "one thousand",
        "1,00,000": "one hundred thousand",
        "1.234,5": "one thousand, two hundred and thirty-four point five",
        "10 000": "ten thousand",
        "COVID-19": "covid-nineteen",
        "5-10, 1990–1995": "five-ten, one thousand, nine hundred and ninety–one thousand, nine "
        "hundred and ninety-five",
        "12:30": "twelve:thirty",
        "１２，０００ and ٣": "twelve thousand and three",
        "−5 (-3)": "minus five (minus three)",
        "2, 3 or 4": "two, three or four",
    },
    "es": {"1.000": "mil", "1,5": "uno punto cinco", "1.000.000": "un millón"},
    "fr": {"1 234,5": "mille deux cent trente-quatre virgule cinq", "1\u202f000": "mille"},
    "hu": {
        "10 000": "tízezer",
        "0,125": "nulla egész százhuszonöt ezred",
        "1\u2009500": "ezerötszáz",
        "1,234.5": "ezerkétszázharmincnégy egész öt tized",
        "10.000": "tízezer",
        "5-6 nap": "öt-hat nap",
        "a 2. kerület": "a második kerület",
        "2.-kor": "másodikkor",
        "-5 fok": "mínusz öt fok",
        "12 5": "tizenkettő öt",
    },
    "it": {"1.000.000": "un milione", "1º": "primo"},
    "nl": {"1.000": "duizend", "1e": "eerste"},
    "pl": {"1 000": "tysiąc", "36.6°": "trzydzieści sześć przecinek sześć stopnie"},
    "pt": {
        "R$ 5,00": "cinco reais",
        "R$ 1.234,50": "mil, duzentos e trinta e quatro reais e cinquenta centavos",
        "1.000": "mil",
        "20,15€": "vinte euros e quinze cêntimos",
    },
    "ru": {
        "15 000": "пятнадцать тысяч",
        "1 000 000": "один миллион",
        "0,125": "ноль целых сто двадцать пять тысячных",
        "12.5": "двенадцать целых пять десятых",
    },
    "te": {
        "1,000": "ఒకటి వేయి",
        "1,00,000": "ఒకటి లక్ష",
        "౧౨౩": "ఒకటి వందల ఇరవై మూడు",
        "12.5": "పన్నెండు బిందువు అయిదు",
    },
    "tr": {"12,5": "oniki virgül beş", "%50": "yüzde elli", "1.000": "bin"},
    "vi": {"12,5": "mười hai phẩy năm", "1,75": "một phẩy bảy năm", "1.000": "một nghìn"},
}
REFUSED = {
    "cs": ["1. místo", "1.500", "2024-03-15"],
    "de": ["1.5", "3.10.2024", "15.30 Uhr", "B2B"],
    "en": [
        *("12 300", "1,5", "1990s", "the 90's", "B2B", "MP3", "v2.0", "1.2.3", "3/4", "24/7"),
        *("007", "5:00", "5:07", "555-1234", "+36 30", "2024-03-15", "1 + 1=2", "½ cup", "m²"),
        *(
            "www.example.com",
            "https://a.b",
            "US$5",
            "¥500",
            "Henry VIII",
            "Chapter Ⅳ",
            "2+2",
            "2-1",
        ),
    ],
    "es": ["1.5", "5:00"],
    "fr": ["1.500", "3h30", "2nd"],
    "hi": ["5वां"],
    "hu": [
        *("06 30 123 4567", "30 123 4567", "2024.03.15.", "1.500", "15.30-kor", "1.2.3", "3/4"),
        *("XIV. Lajos", "Ez 50. Mi nem.", "MP3-as", "30/123-4567", "1,2,3"),
    ],
    "it": ["1,000.5.1", "10:00"],
    "ko": ["2024-03-15", "1,5"],
    "nl": ["1.5", "06-12345678"],
    "pl": ["1. miejsce", "XX wiek"],
    "pt": ["US$ 5", "1.5"],
    "ru": ["1.500", "12.30", "XXI век", "5-й этаж 3/4"],
    "te": ["10వ", "₹500", "1,5", "20 €"],
    "tr": ["1.5", "Bu 5. Bir şey"],
    "vi": ["1.5", "20/11"],
}


@pytest.mark.parametrize(
    ("language", "text", "spoken"),
    [(language, *pair) for language, pairs in READ.items() for pair in pairs.items()],
)
def test_a_number_is_read_as_its_language_writes_it(language, text, spoken):
    assert normalize(text, language) == spoken


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language, all_ in REFUSED.items() for text in all_]
)
def test_what_can_be_read_in_two_ways_is_refused(language, text):
    with pytest.raises(UserError, match=r"It is uncertain how '.*' is read: write it in words"):
        normalize(text, language)


LANGUAGES = [
    "ar",
    "cs",
    "de",
    "en",
    "es",
    "fr",
    "hu",
    "it",
    "ja",
    "ko",
    "nl",
    "pl",
    "pt",
    "ru",
    "te",
    "tr",
    "vi",
]


@settings(max_examples=300, deadline=None)
@given(
    language=st.sampled_from(LANGUAGES),
    number=st.integers(0, 10**9) | st.integers(0, 99_999),
    decimals=st.sampled_from(["", "5", "25", "125", "05", "75"]),
)
def test_a_number_written_by_cldr_is_read_as_that_number(language, number, decimals):
    value = float(f"{number}.{decimals}") if decimals else number
    written = format_decimal(value, locale=language, format="#,##0.###", numbering_system="latn")
    assert spoken(written, language) == words(number, decimals, language)


@settings(max_examples=100, deadline=None)
@given(language=st.sampled_from(["te", "hi", "en"]), number=st.integers(0, 10**9))
def test_a_number_in_lakhs_and_crores_is_one_number(language, number):
    written = format_decimal(number, locale="te")
    if language == "hi":
        with pytest.raises(UserError, match="'hi': write them out"):
            normalize(written, "hi")
    else:
        assert spoken(written, language) == words(number, "", language)


def spoken(written, language):
    """Before Korean and Japanese are written in Latin letters."""
    in_letters = other if language in {"ja", "ko"} else normalize
    return unicodedata.normalize("NFC", " ".join(in_letters(written, language).lower().split()))


def words(number, decimals, language):
    if decimals and language in DECIMAL_POINT:
        digits = [num2words(int(digit), lang=language) for digit in decimals]
        said = " ".join([num2words(number, lang=language), DECIMAL_POINT[language], *digits])
    else:
        value = float(f"{number}.{decimals}") if decimals else number
        said = num2words(value, lang=language)
    return unicodedata.normalize("NFC", " ".join(said.lower().split()))


def test_text_without_digits_imports_no_tables_of_languages():
    program = (
        "import sys; from engine.systems.xtts.text.normalize import normalize; "
        "normalize('Szia!', 'hu'); sys.exit('babel' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
