"""The words that a station spells its samples in, which are nearly always the same."""

from math import isfinite
from sys import intern
from typing import Any

from ...model import Payload
from .samples import Meaning, Total, totals
from .spelling import meaning_of, values_of

# Beyond this many samples of one moment a message is not worth being learned.
_MOST_SAMPLES = 100
# A sample has seven fields. What is more, or longer, is not worth being remembered.
_MOST_WORDS = 10
_LONGEST_WORD = 50
# 1.6 writes texts, 2.x numbers.
_TEXT = frozenset({str})
_VALUES = frozenset({str, float, int})


class Pattern:
    """The words of the message before, in which nearly every message is spelled as well.

    Of such a message only the values are looked at: what it means is known, and whether it
    is valid.
    """

    def __init__(self) -> None:
        """Begin without any words."""
        # The samples, but for their values; which of them to read as what; and which of
        # these to scale.
        self._samples: list[dict[str, Any]] = []
        self._places: list[int] = []
        self._names: list[str] = []
        self._scaled: list[tuple[int, float, float]] = []
        self._totals: list[Total] = []
        # The whole message, if it was valid: these samples are a part of it. To Python, its
        # 1 is true as well.
        self._valid: Payload | None = None
        self._types: list[type] = []
        # The samples of one that is spelled so, and their values, until they are read.
        self._heard: tuple[list[Any], list[Any]] | None = None

    # --- whether a message is valid -----------------------------------------------------

    def is_valid(self, payload: Payload) -> bool:
        """Return whether a MeterValues of 1.6 is the valid one before with other values."""
        if (known := self._valid) is None:
            return False
        try:
            (element,) = payload["meterValue"]
            sampled, at = element["sampledValue"], element["timestamp"]
        except KeyError, TypeError, ValueError:
            return False
        said = self._put(sampled)
        if said is None or not _TEXT.issuperset(map(type, (*said, at))):
            return False
        if len(at) > _LONGEST_WORD:
            # Not worth being remembered.
            return False
        known["meterValue"][0]["timestamp"] = at
        # All else that the schema is about is compared here.
        if payload != known or [*map(type, payload.values())] != self._types:
            return False
        self._heard = sampled, said
        return True

    def learn(self, payload: Payload) -> None:
        """Learn the words of a valid MeterValues of 1.6, if it is about one moment."""
        match payload["meterValue"]:
            case [{"sampledValue": sampled}]:
                if self._said(sampled) is None:
                    self._learn(sampled)
                if self._samples:
                    element = {"timestamp": "", "sampledValue": self._samples}
                    self._valid = payload | {"meterValue": [element]}
                    self._types = [*map(type, payload.values())]

    # --- what a message means -----------------------------------------------------------

    def values(self, sampled: list[Any]) -> dict[str, float]:
        """Return the best value of each key, and the totals of what came by phase only."""
        if (said := self._said(sampled)) is None:
            self._learn(sampled)
            return values_of(sampled)
        try:
            numbers = [*map(float, map(said.__getitem__, self._places))]
        except ValueError:
            return values_of(sampled)
        if not isfinite(sum(numbers)):
            return values_of(sampled)
        for place, factor, offset in self._scaled:
            numbers[place] = round(numbers[place] * factor + offset, 6)
        values = dict(zip(self._names, numbers, strict=True))
        for measurand, total, phases in self._totals:
            values[measurand] = total([values[name] for name in phases])
        return values

    def _said(self, sampled: list[Any]) -> list[Any] | None:
        """Return the values of a message, if it has these words, and nothing but values."""
        heard, self._heard = self._heard, None
        if heard is not None and heard[0] is sampled:
            return heard[1]
        said = self._put(sampled)
        # Compares all the words of all samples at once.
        return said if sampled == self._samples else None

    def _put(self, sampled: list[Any]) -> list[Any] | None:
        """Put the values of a message in the place of those before, if it has as many."""
        samples = self._samples
        try:
            said = [item["value"] for item in sampled]
        except KeyError, TypeError:
            return None
        if len(said) != len(samples) or not _VALUES.issuperset(map(type, said)):
            return None
        for known, value in zip(samples, said, strict=True):
            known["value"] = value
        return said

    def _learn(self, sampled: list[Any]) -> None:
        """Take up the words of a message, if they are no more than words."""
        # Neither the message nor the values that are still to be read were of these words.
        self._valid = self._heard = None
        samples = [words for item in sampled if (words := _words(item)) is not None]
        if len(samples) != len(sampled) or len(samples) > _MOST_SAMPLES:
            # Nor does one without any samples read like the one before this.
            self._samples, self._places, self._names = [], [], []
            self._scaled, self._totals = [], []
            return
        best: dict[str, tuple[int, int, Meaning]] = {}
        for place, item in enumerate(sampled):
            if (meaning := meaning_of(item)) is not None:
                known = best.get(meaning.key)
                if known is None or meaning.rank < known[0]:
                    best[meaning.key] = meaning.rank, place, meaning
        self._samples = samples
        self._names = list(best)
        self._totals = totals(tuple(best))
        self._places = [place for _, place, _ in best.values()]
        self._scaled = [
            (i, meaning.factor, meaning.offset)
            for i, (_, _, meaning) in enumerate(best.values())
            if meaning.factor != 1 or meaning.offset
        ]


def _words(item: Any) -> dict[str, Any] | None:
    """Return a sample without its value, if nothing in it is longer than a word."""
    if not isinstance(item, dict) or len(item) > _MOST_WORDS:
        return None
    words = {name: word for name, word in item.items() if name != "value"}
    texts = [*words.keys(), *words.values()]
    if isinstance(unit := words.get("unitOfMeasure"), dict):
        if len(unit) > _MOST_WORDS or not isinstance(unit.get("multiplier", 0), int):
            return None
        texts.remove(unit)
        texts += [word for name, word in unit.items() if name != "multiplier"]
    for text in texts:
        if not isinstance(text, str) or len(text) > _LONGEST_WORD:
            return None
    # Many samples have the same words, and so have many stations.
    return {
        name: intern(word) if isinstance(word, str) else word
        for name, word in words.items()
    }
