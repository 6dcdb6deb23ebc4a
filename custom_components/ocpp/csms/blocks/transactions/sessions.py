"""What is known of the sessions of a station: the newest of each EVSE, and how far it is."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ...errors import NoTransaction
from ...id_tokens import token_key
from ...model import UNKNOWN_END, ConnectorState, EvseStatus, Topic, Transaction
from ...store import StoreError
from ..block import Block
from .ended import EndedSessions
from .energy import SessionEnergy
from .notices import Stop
from .tally import Tally
from .unplaced import Unplaced

if TYPE_CHECKING:
    from ...charging_station import ChargingStation


# Sessions that are counted at a time, running ones and those whose end was guessed.
_MOST_COUNTED = 100


class Sessions(Block):
    """The newest transaction of each EVSE, running or ended."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with none."""
        super().__init__(station)
        # How far the running ones are is in their tallies, by number.
        self._latest: dict[int, Transaction] = {}
        self._tallies: dict[int, Tally] = {}
        self.ended = EndedSessions(station)
        self.unplaced = Unplaced()
        # By EVSE: a transaction's number, and that of the start that it says it is of.
        self._remote_starts: dict[int, tuple[int, int | None]] = {}

    async def forget(self, number: int) -> None:
        """Show a session no more that was deleted from the store after it ended."""
        gone = set(self.ended.drop(number))
        for evse, transaction in list(self._latest.items()):
            if transaction.number == number and not transaction.running:
                del self._latest[evse]
                gone.add(evse)
        for evse in gone:
            await self.ended.load(evse)
            self.changed(Topic.TRANSACTION, evse)
        self.station.flush()

    def _known(self) -> Iterator[Transaction]:
        """Yield the newest of each EVSE, and those that run nobody knows where."""
        yield from tuple(self._latest.values())
        yield from self.unplaced

    # --- what people and other blocks ask -----------------------------------------------

    def unplaced_sessions(self) -> list[Transaction]:
        """Return the sessions that run nobody knows at which EVSE, as they are by now."""
        return [
            tally.applied_to(it) if (tally := self._tallies.get(it.number)) else it
            for it in self.unplaced
        ]

    def session(self, evse: int) -> Transaction | None:
        """Return the newest transaction of an EVSE, running or ended, as it is by now."""
        if (transaction := self._latest.get(evse)) is None:
            return None
        tally = self._tallies.get(transaction.number)
        return transaction if tally is None else tally.applied_to(transaction)

    def energy(self, evse: int) -> float | None:
        """Return what the newest transaction of an EVSE has charged, in Wh."""
        if (transaction := self._latest.get(evse)) is None:
            return None
        tally = self._tallies.get(transaction.number)
        return transaction.energy if tally is None else tally.energy

    def duration(self, evse: int) -> timedelta | None:
        """Return how long the newest transaction of an EVSE took, up to its newest sample."""
        if (transaction := self._latest.get(evse)) is None:
            return None
        tally = self._tallies.get(transaction.number)
        until = transaction.ended or (tally.until if tally else transaction.started)
        return until - transaction.started

    def running(self, evse: int) -> Transaction | None:
        """Return the transaction that runs on an EVSE, as it was when last stored."""
        transaction = self._latest.get(evse)
        return transaction if transaction is not None and transaction.running else None

    def may_follow(self, evse: int, id_token: str, number: int | None = None) -> bool:
        """Return whether what runs on an EVSE may be what a start asked for (F01.FR.25).

        `number` is that of the start, where it has one: what tells neither that nor a token
        may be told whose it is later. Without one it is anybody's.
        """
        running = self.running(evse)
        if running is None:
            return False
        whose, told = self._remote_starts.get(evse, (0, None))
        if whose == running.number and None not in (number, told):
            return number == told
        if number is not None and not running.id_token:
            return False
        keys = {token_key(running.id_token), token_key(id_token)}
        return len(keys - {""}) < 2

    def is_charging(self, evse: int) -> bool:
        """Return whether somebody may charge at an EVSE, though the car may have had enough."""
        return self.running(evse) is not None

    def the_running(self, evse: int | None) -> Transaction:
        """Return the one transaction that is meant.

        Raises `NoTransaction` when none runs on the EVSE or, without one, when not exactly
        one runs on the station.
        """
        running = [
            transaction
            for transaction in self._known()
            if transaction.running and evse in (None, transaction.evse)
        ]
        if len(running) != 1:
            raise NoTransaction
        return running[0]

    def fitting(self, stop: Stop) -> Transaction | None:
        """Return the one session that an end without an id can be of.

        It names neither the transaction nor the connector. One that runs is more likely
        than one whose end was guessed; then token and register may tell which.
        """
        for transaction in self._latest.values():
            # We took it, but were killed before the station heard so.
            if (
                transaction.ended == stop.at
                and transaction.meter_stop == stop.meter_stop
                and transaction.stop_reason == stop.reason
            ):
                return transaction
        found = [
            transaction
            for transaction in self._latest.values()
            if transaction.started <= stop.at
            and (transaction.running or transaction.stop_reason == UNKNOWN_END)
        ]
        token, register = stop.id_token.casefold(), stop.meter_stop or 0
        found = [it for it in found if it.running] or found
        found = [it for it in found if it.id_token.casefold() == token] or found
        found = [it for it in found if (it.meter_start or 0) <= register] or found
        return found[0] if len(found) == 1 else None

    def _has_ended(self, evse: int, state: ConnectorState) -> bool:
        running = self.running(evse)
        return (
            running is not None
            and state.status is EvseStatus.AVAILABLE
            and state.at >= running.started
        )

    def _counted_late(
        self, evse: int, transaction_id: str | None
    ) -> Transaction | None:
        """Return the session that ended by a guess, for samples that say they are of it."""
        latest = self._latest.get(evse)
        if (
            latest is None
            or latest.id != transaction_id
            or latest.stop_reason != UNKNOWN_END
            or latest.number not in self._tallies
        ):
            return None
        self.station.remember()
        return latest

    def _tally(
        self, transaction: Transaction, energy: SessionEnergy | None = None
    ) -> Tally:
        """Return how far a transaction is; one that is not counted yet begins now."""
        tally = self._tallies.get(transaction.number)
        if tally is None:
            self._count_fewer()
            tally = self._tallies[transaction.number] = Tally(
                transaction,
                energy or SessionEnergy(start=transaction.meter_start),
                self.station.tariff,
            )
        return tally

    async def _go_on_counting(
        self, transaction: Transaction, counting: dict[str, Any]
    ) -> None:
        """Count on from a restart; samples are stored more often than the counting is."""
        tally = self._tallies[transaction.number] = Tally.recall(
            transaction, counting, self.station.tariff
        )
        with suppress(StoreError):
            if samples := await self.station.store.samples(transaction.number):
                tally.catch_up(samples[-1].energy, samples[-1].at)

    def _count_fewer(self) -> None:
        """Stop counting the oldest whose end was guessed, where they are many."""
        if len(self._tallies) >= _MOST_COUNTED:
            running = {it.number for it in self._known() if it.running}
            for number in self._tallies.keys() - running:
                del self._tallies[number]

    async def _recall(self, transaction: Transaction) -> None:
        """Go on counting a transaction from where it was in the store."""
        if transaction.number not in self._tallies:
            counting = await self.station.store.counting(transaction.number)
            self._tallies[transaction.number] = Tally.recall(
                transaction, counting, self.station.tariff
            )

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Know again whether the station leaves out at which EVSE its sessions run."""
        self.unplaced.seen = facts.get("unplaced", False)

    def facts(self) -> dict[str, Any]:
        """Keep that, where it does."""
        return {"unplaced": True} if self.unplaced.seen else {}
