"""What the versions spell differently of the local list."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from ...id_tokens import IdToken
from ...model import Payload
from ..block import Block
from .changes import Change, Limits, Update

if TYPE_CHECKING:
    from ...charging_station import ChargingStation


class Spelling(Protocol):
    """How a version spells the list, and where a station says what it takes."""

    LONGEST_TOKEN: int

    def is_supported(self, station: ChargingStation) -> bool:
        """Return whether the station can have a list, as far as can be known."""

    def limits(self, station: ChargingStation) -> Limits:
        """Return how much the station takes."""

    async def learn(self, block: Block) -> None:
        """Ask for what the station did not tell yet."""

    async def enable(self, station: ChargingStation) -> None:
        """Have the station use its list; raises any `OcppError`."""

    def entry(self, id_token: IdToken, info: Payload) -> Payload | None:
        """Return what is kept of a listed card; none where it can't be told of."""

    def is_entry(self, kept: Payload) -> bool:
        """Return whether it was spelled by this version."""

    def item(self, change: Change) -> Payload:
        """Spell one card of a message."""

    def send(self, number: int, update: Update) -> Payload:
        """Write a SendLocalList; without any card it empties the list."""

    def entries(self, payload: Payload) -> Iterator[tuple[str, Payload | None]]:
        """Yield the cards that were sent; nothing is kept of those that are removed."""

    def sent_version(self, payload: Payload) -> int:
        """Return which version a list that was sent has."""

    def told_version(self, answer: Payload) -> Any:
        """Return which version the station says its list has."""
