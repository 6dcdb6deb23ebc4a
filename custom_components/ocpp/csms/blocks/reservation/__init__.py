"""Functional block H: reservations. Which EVSE is kept free for whom, and until when."""

import asyncio
from datetime import datetime, timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ...errors import TooManyReservations
from ...model import (
    ConnectorState,
    EvseStatus,
    Payload,
    Reservation,
    Topic,
    Transaction,
    utcnow,
)
from ...versions import V2, V16
from ..block import Block, answers, follows, precedes, refused
from . import v2, v16

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# In seconds: what wakes later may find that the clock was set meanwhile.
_LONGEST_SLEEP = 3600.0
# A start that was queued before a reservation was made does not use that.
_CLOCKS_DIFFER = timedelta(minutes=1)
# What ends the reservations of an EVSE (1.6: ReserveNow).
_OUT_OF_ORDER = frozenset({EvseStatus.FAULTED, EvseStatus.UNAVAILABLE})
# More than are ever asked for at once.
_MOST_ASKED_FOR = 20
# In force at a time; a station has one for each of its EVSEs, and a few more for any.
MOST = 200


class Reservations(Block):
    """What a station keeps free, whoever asked it to."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin without any."""
        super().__init__(station)
        self._by_id: dict[int, Reservation] = {}
        # Those that were asked for just now, and since when; None where the station ended
        # one before it answered.
        self._asked_for: dict[int, datetime | None] = {}
        # Those during which the station said that their EVSE is reserved.
        self._held: set[int] = set()
        # The EVSEs that were ever reserved; 0 for the station as a whole.
        self.seen: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None

    # --- what is shown ------------------------------------------------------------------

    def of(self, evse: int) -> Reservation | None:
        """Return what an EVSE is reserved for; the newest where it is for several.

        A station with a single EVSE keeps that one free when it is reserved as a whole.
        """
        whole = evse if self.station.the_only_evse is None else 0
        found = [it for it in self._by_id.values() if it.evse in (evse, whole)]
        return max(found, key=lambda it: (it.made, it.id), default=None)

    def shows(self, evse: int) -> bool:
        """Return whether there was ever something to tell of an EVSE, or of its like."""
        if evse == 0:
            return 0 in self.seen and self.station.the_only_evse is None
        return bool(self.seen)

    @property
    def _spelling(self) -> ModuleType:
        return v16 if self.speaks_16 else v2

    def _place(self, reservation: Reservation) -> int:
        """Return the EVSE that is reserved, 0 where it can be any of several."""
        return reservation.evse or self.station.the_only_evse or 0

    def on_cards_changed(self) -> None:
        """Have reservations shown with the present names of their cards."""
        for reservation in self._by_id.values():
            self._tell(reservation)
        self.station.flush()

    def _tell(self, reservation: Reservation) -> None:
        self.changed(Topic.RESERVATION, reservation.evse)
        if reservation.evse == 0 and (only := self.station.the_only_evse):
            self.changed(Topic.RESERVATION, only)

    # --- beginning ----------------------------------------------------------------------

    @precedes("ReserveNow", V16, *V2)
    def on_asking(self, payload: Payload) -> None:
        """Expect that it is used, which can be here before the answer is.

        Raises `TooManyReservations` where there is no room for another.
        """
        wish = self._spelling.read(payload)
        if len(self._by_id) >= MOST and wish.id not in self._by_id:
            raise TooManyReservations(MOST)
        self._asked_for.pop(wish.id, None)
        self._asked_for[wish.id] = utcnow()
        while len(self._asked_for) > _MOST_ASKED_FOR:
            del self._asked_for[next(iter(self._asked_for))]

    @follows("ReserveNow", V16, *V2)
    def on_reserved(self, payload: Payload, answer: Payload) -> None:
        """Keep what the station agreed to (H01); the same id replaces (H01.FR.02)."""
        wish = self._spelling.read(payload)
        if wish.expires is None:
            self.station.note("ReserveNow: expiry is no time")
            return
        if (before := self._by_id.get(wish.id)) is not None:
            self._end(before)
        now = utcnow()
        if (asked := self._asked_for.pop(wish.id, now)) is None:
            # It was used, or given up, before the answer came.
            return
        if len(self._by_id) >= MOST:
            # Many were on their way at once.
            self.station.note("ReserveNow: more than are kept")
            return
        made = Reservation(
            id=wish.id,
            station=self.station.identity,
            evse=wish.evse,
            id_token=wish.id_token,
            group=wish.group,
            made=now,
            expires=wish.expires,
        )
        self._by_id[made.id] = made
        state = self.station.availability.state(self._place(made))
        if state is not None and state.received >= asked:
            self._note_held(self._place(made), state)
        if self.station.adopted:
            self.station.store.save_reservation(made)
        self.station.add_evse(made.evse)
        known = made.evse in (0, *self.station.evses)
        if known and made.evse not in self.seen:
            self.seen.add(made.evse)
            self.changed(Topic.STRUCTURE)
            self.station.remember()
        self._tell(made)
        self._watch_the_clock()

    # --- ending -------------------------------------------------------------------------

    @follows("CancelReservation", V16, *V2)
    def on_cancelled(self, payload: Payload, answer: Payload) -> None:
        """End what the station let go of (H02)."""
        self._end_known(payload["reservationId"])

    @refused("CancelReservation", V16, *V2)
    def on_not_cancelled(self, payload: Payload, answer: Payload) -> None:
        """End what the station does not know any more, where nothing is reserved (H02)."""
        known = self._by_id.get(payload["reservationId"])
        if known is None:
            return
        place = self._place(known)
        evses = [place] if place else self.station.evses
        states = [self.station.availability.state(evse) for evse in evses]
        if all(it is not None and it.status is EvseStatus.AVAILABLE for it in states):
            self._end(known)

    @answers("ReservationStatusUpdate", *V2, needs=("reservationId",))
    def on_status_update(self, payload: Payload) -> Payload:
        """End what expired, or what the station can't keep any more (H04)."""
        self._end_known(payload["reservationId"])
        return {}

    def _end_known(self, reservation_id: int) -> None:
        if reservation_id in self._asked_for:
            self._asked_for[reservation_id] = None
        if (known := self._by_id.get(reservation_id)) is not None:
            self._end(known)

    def on_started(self, session: Transaction, reservation_id: int | None) -> None:
        """End what an accepted start used (H03)."""
        used = self._by_id.get(reservation_id) if reservation_id is not None else None
        if reservation_id in self._asked_for:
            self._asked_for[reservation_id] = None
            if used is None:
                return
        if used is None:
            # Many do not say which reservation a start uses.
            used = next(
                (
                    it
                    for it in self._by_id.values()
                    if it.evse in (0, session.evse)
                    and it.made <= session.started + _CLOCKS_DIFFER
                    and _is_for(it, session)
                ),
                None,
            )
        if used is not None:
            self._end(used)

    def on_status(self, evse: int, state: ConnectorState) -> None:
        """End what is over, or can't be kept: the EVSE, or all, are out of order."""
        self._note_held(evse, state)
        if state.status not in _OUT_OF_ORDER or not self._by_id:
            return
        states = [self.station.availability.state(it) for it in self.station.evses]
        none_left = all(it is not None and it.status in _OUT_OF_ORDER for it in states)
        for reservation in list(self._by_id.values()):
            if evse in (0, reservation.evse) or (reservation.evse == 0 and none_left):
                self._end(reservation)

    def _note_held(self, evse: int, state: ConnectorState) -> None:
        """Know what an EVSE is reserved for, and end that when it is so no more.

        What was reserved after it was said to be so last is not meant by that.
        """
        for it in [it for it in self._by_id.values() if self._place(it) == evse]:
            if state.status is EvseStatus.RESERVED:
                self._held.add(it.id)
            elif state.status is EvseStatus.AVAILABLE and it.id in self._held:
                self._end(it)

    def _end(self, reservation: Reservation) -> None:
        del self._by_id[reservation.id]
        self._held.discard(reservation.id)
        if self.station.adopted:
            self.station.store.delete_reservation(reservation.station, reservation.id)
        self._tell(reservation)
        self._watch_the_clock()

    # --- expiry -------------------------------------------------------------------------

    def _watch_the_clock(self) -> None:
        """Wake when the next reservation expires (H04): 1.6 has no message for it."""
        self.stop()
        if self._by_id:
            next_end = min(it.expires for it in self._by_id.values())
            delay = max(0, (next_end - utcnow()).total_seconds())
            self._timer = asyncio.get_running_loop().call_later(
                min(delay, _LONGEST_SLEEP), self._expire
            )

    def _expire(self) -> None:
        self._timer = None
        now = utcnow()
        for reservation in list(self._by_id.values()):
            if reservation.expires <= now:
                self._end(reservation)
        self._watch_the_clock()
        self.station.flush()

    def stop(self) -> None:
        """End the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- memory -------------------------------------------------------------------------

    async def load(self) -> None:
        """Take up the reservations that were made before a restart."""
        kept = await self.station.store.load_reservations(self.station.identity)
        self._by_id = {it.id: it for it in kept}
        self.seen |= {it.evse for it in kept}
        # Those that expired meanwhile are ended the same way as any other.
        self._watch_the_clock()

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which EVSEs were ever reserved."""
        self.seen = set(facts.get("seen", ()))

    def facts(self) -> dict[str, Any]:
        """Keep which EVSEs were ever reserved."""
        return {"seen": sorted(self.seen)} if self.seen else {}


def _is_for(reservation: Reservation, session: Transaction) -> bool:
    token, group = session.id_token.casefold(), session.token_info.group.casefold()
    return (token != "" and reservation.id_token.casefold() == token) or (
        group != "" and reservation.group.casefold() == group
    )
