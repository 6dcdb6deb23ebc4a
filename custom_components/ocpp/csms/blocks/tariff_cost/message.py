"""The price in words that need no language, for the screens of stations (I01, I06)."""

from ...model import Payload

_LONGEST = 512
# Where a station's letters go beyond those of English.
_SYMBOLS = {"EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"}
# By the languages whose numbers have a point. What is not known is taken for one of them.
_POINT = frozenset({"", "en", "ga", "he", "hi", "ja", "ko", "mt", "th", "zh"})
_LONGEST_LANGUAGE = 8


def price_message(
    per_kwh: float,
    per_session: float,
    currency: str | None,
    *,
    language: str = "",
    ascii_only: bool = False,
) -> Payload:
    """Write what energy costs, and each session where it has a price, as a message."""
    unit = currency or ""
    if not ascii_only:
        unit = _SYMBOLS.get(unit, unit)
    parts = [f"{_number(per_kwh, language)} {unit}/kWh"]
    if per_session:
        parts.append(f"{_number(per_session, language)} {unit}".rstrip())
    written: Payload = {
        "format": "ASCII" if ascii_only else "UTF8",
        "content": " + ".join(parts)[:_LONGEST],
    }
    if 0 < len(language) <= _LONGEST_LANGUAGE:
        written["language"] = language
    return written


def _number(amount: float, language: str) -> str:
    """Write an amount: a tenth of a hundredth counts in the price of energy."""
    text = f"{amount:.4f}".rstrip("0")
    whole, _, part = text.partition(".")
    point = "." if language[:2].casefold() in _POINT else ","
    return f"{whole}{point}{part:0<2}"
