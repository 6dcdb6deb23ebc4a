"""Cards that a station was told to know nothing of any more (N10)."""

from ...model import Payload
from . import v2
from .changes import Listed


class Cleared:
    """What stays off the list of a station, until people change or list it anew.

    Else the station would be sent again what people had it forget.
    """

    def __init__(self) -> None:
        """Begin with none."""
        # By number: how the station would list them if they had not been cleared.
        self._cards: Listed = {}

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._cards)

    def add(self, token: str, listed: Listed) -> bool:
        """Keep a card off the list; return whether it would be listed.

        Letter case does not tell two cards apart.
        """
        found = {
            number: kept
            for number, kept in listed.items()
            if number.casefold() == token.casefold()
        }
        self._cards |= found
        return bool(found)

    def taken_off(self, listed: Listed) -> Listed:
        """Return a list without them. What people changed is not among them any more."""
        self._cards = {
            token: kept
            for token, kept in self._cards.items()
            if listed.get(token) == kept
        }
        return {
            token: kept for token, kept in listed.items() if token not in self._cards
        }

    # --- memory -------------------------------------------------------------------------

    def recall(self, cards: Listed) -> None:
        """Take up what is kept off the list."""
        self._cards = dict(cards)

    def facts(self) -> Listed:
        """Keep what is kept off the list; a PIN is not written down (C04.FR.04)."""
        return {
            token: kept for token, kept in self._cards.items() if not is_secret(kept)
        }


def is_secret(kept: Payload) -> bool:
    """Return whether a listed card is a PIN."""
    return v2.is_entry(kept) and v2.is_secret(kept)
