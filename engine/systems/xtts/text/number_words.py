"""Words around numbers that num2words gets wrong or lacks."""

from types import MappingProxyType

MINUS = MappingProxyType(
    {
        "ar": "سالب",
        "cs": "minus",
        "de": "minus",
        "en": "minus",
        "es": "menos",
        "fr": "moins",
        "hu": "mínusz",
        "it": "meno",
        "ja": "マイナス",
        "ko": "마이너스",
        "nl": "min",
        "pl": "minus",
        "pt": "menos",
        "ru": "минус",
        "te": "మైనస్",
        "tr": "eksi",
        "vi": "âm",
    }
)
DECIMAL_POINT = MappingProxyType({"ar": "فاصلة", "tr": "virgül", "vi": "phẩy"})
"""Languages whose decimals num2words gets wrong: "12,5" as 12,50, "1,05" as 1,5."""
