"""Functional block O: the messages on a station's display."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..errors import CommandRejected, NotSupported
from ..events import Event, SessionEnded
from ..model import Payload, Topic, utcnow
from ..numbers import next_number
from ..versions import V2
from .block import Block, answers, follows, precedes

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

# The message that is set from here without a number: a new one replaces it (O06), so that
# they do not pile up. People give their own much smaller numbers.
OUR_MESSAGE = 20_160_001
# What fits into a message of any version.
LONGEST_MESSAGE = 512
# More than any display has room for.
_MOST_MESSAGES = 200
# In characters, with all that is said of a message.
_LONGEST_ITEM = 4_000
_FILTERS = ("id", "priority", "state")


class DisplayMessages(Block):
    """Which messages a station shows, as far as it told or was told."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin without knowing of a display."""
        super().__init__(station)
        # Whether the station ever had to do with messages: most have no display.
        self.seen = False
        self._held: dict[int, Payload] = {}
        # All that the station holds, as it is told part by part, with the request's number.
        self._listing: tuple[int, dict[int, Payload]] | None = None
        self._forgetting: asyncio.Task[None] | None = None
        station.follow(self._on_event)

    @property
    def held(self) -> dict[int, Payload]:
        """Return the messages that the station holds, by their numbers."""
        return self._held

    async def prepare(self, *, booted: bool) -> None:
        """Ask which messages the station holds (O03), where it says it has a display."""
        if self.speaks_16 or not self.sends("GetDisplayMessages"):
            return
        claimed = self.station.device_model.flag("DisplayMessageCtrlr", "Available")
        if not self.seen and not claimed:
            return
        try:
            await self.command("GetDisplayMessages", {"requestId": next_number()})
        except NotSupported:
            self._lose_display()
        else:
            self._know_display()

    # --- one message of ours --------------------------------------------------------------

    async def show(self, text: str) -> None:
        """Show a text until another takes its place (O01, O06); none takes it away.

        Raises `CommandRejected` where the station does not want to.
        """
        if not text:
            # That there was none is as good (O05).
            await self.command("ClearDisplayMessage", {"id": OUR_MESSAGE})
            return
        message: Payload = {
            "id": OUR_MESSAGE,
            "priority": "NormalCycle",
            "message": {"format": "UTF8", "content": text[:LONGEST_MESSAGE]},
        }
        try:
            await self.command("SetDisplayMessage", {"message": message})
        except CommandRejected as error:
            if error.status != "NotSupportedMessageFormat" or not text.isascii():
                raise
            message["message"]["format"] = "ASCII"
            await self.command("SetDisplayMessage", {"message": message})

    # --- what the station holds -------------------------------------------------------------

    @follows("SetDisplayMessage", *V2)
    def on_set(self, payload: Payload, answer: Payload) -> None:
        """Know a message, in place of the one that had its number (O01, O02, O06)."""
        message = payload["message"]
        kept = dict(self._held)
        if message["priority"] == "AlwaysFront":
            # There is room for one in front of all others (O01).
            kept = {
                number: other
                for number, other in kept.items()
                if other.get("priority") != "AlwaysFront"
            }
        self._know_display()
        self._keep(kept | {message["id"]: message})

    @follows("ClearDisplayMessage", *V2)
    def on_cleared(self, payload: Payload, answer: Payload) -> None:
        """Know that a message is gone (O05), or that there was none."""
        self._keep({n: one for n, one in self._held.items() if n != payload["id"]})

    @precedes("GetDisplayMessages", *V2)
    def on_asking(self, payload: Payload) -> None:
        """Gather what is told, which can be here before the answer is."""
        self._listing = None
        if not any(name in payload for name in _FILTERS):
            self._listing = payload["requestId"], {}

    @follows("GetDisplayMessages", *V2)
    def on_asked(self, payload: Payload, answer: Payload) -> None:
        """Know that there is none, where the station says so (O03, O04)."""
        if answer.get("status") != "Unknown":
            self._know_display()
            return
        self._listing = None
        numbers = payload.get("id")
        if not any(name in payload for name in _FILTERS):
            self._keep({})
        elif isinstance(numbers, list) and not {"priority", "state"} & payload.keys():
            self._keep({n: one for n, one in self._held.items() if n not in numbers})

    @answers("NotifyDisplayMessages", *V2)
    def on_messages(self, payload: Payload) -> Payload:
        """Know the messages that the station tells, some or all of them (O03, O04)."""
        items = self.station.reports.take("NotifyDisplayMessages", payload)
        told = {item["id"]: item for item in items if _is_message(item)}
        self._know_display()
        if self._listing is None or payload.get("requestId") != self._listing[0]:
            self._keep(self._held | told)
            return {}
        if len(self._listing[1]) < _MOST_MESSAGES:
            self._listing[1].update(told)
        if not payload.get("tbc"):
            # Only now: what was not told is not there any more.
            self._keep(self._listing[1])
            self._listing = None
        return {}

    def _on_event(self, event: Event) -> None:
        """Forget the messages that were for a transaction which is over (O02)."""
        if not self._held or not isinstance(event, SessionEnded):
            return
        self._keep(
            {
                number: message
                for number, message in self._held.items()
                if message.get("transactionId") != event.transaction.id
            }
        )
        self.station.flush()

    def _know_display(self) -> None:
        if not self.seen:
            self.seen = True
            self.changed(Topic.STRUCTURE)
            self.station.remember()

    def _lose_display(self) -> None:
        if self.seen:
            self.seen = False
            self._keep({})
            self.station.remember()

    def _keep(self, messages: dict[int, Payload]) -> None:
        now = utcnow()
        kept = {
            number: message
            for number, message in list(messages.items())[-_MOST_MESSAGES:]
            if (end := _end(message)) is None or end > now
        }
        if kept != self._held:
            self._held = kept
            self.changed(Topic.DISPLAY)
            self.station.remember()
        self._forget_in_time()

    def _forget_in_time(self) -> None:
        """Forget each message when its time is over; the station does so by itself."""
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None
        ends = [end for one in self._held.values() if (end := _end(one))]
        if ends:
            self._forgetting = self.station.spawn(self._forget_at(min(ends)))

    async def _forget_at(self, end: datetime) -> None:
        while (left := (end - utcnow()).total_seconds()) > 0:
            await asyncio.sleep(left)
        self._forgetting = None
        self._keep(self._held)
        self.station.flush()

    # --- memory -----------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which messages the station holds."""
        self.seen = bool(facts)
        self._keep({message["id"]: message for message in facts.get("messages", ())})

    def facts(self) -> dict[str, Any]:
        """Keep which messages the station holds."""
        return {"messages": list(self._held.values())} if self.seen else {}


def _is_message(item: Any) -> bool:
    """Return whether it is a message, and of a sane size."""
    return (
        isinstance(item, dict)
        and isinstance(item.get("id"), int)
        and len(str(item)) <= _LONGEST_ITEM
    )


def _end(message: Payload) -> datetime | None:
    """Return until when a message is shown, where that is known."""
    with suppress(KeyError, OverflowError, TypeError, ValueError):
        end = datetime.fromisoformat(message["endDateTime"])
        return end.replace(tzinfo=UTC) if end.tzinfo is None else end.astimezone(UTC)
    return None
