"""What is remembered of the store while the database is away."""

from datetime import timedelta
from typing import Any

from ..model import UNKNOWN_END, ChargingProfile, Reservation, Transaction
from ..variables import KeptModel
from .records import token_key

# A start without a usable time is taken for a repetition only this long.
UNDATED_REPEAT = timedelta(minutes=15)
_MOST = 1000

type Counting = dict[str, Any]


class Memory:
    """The transactions that were begun, saved or asked for since the start."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[int, tuple[Transaction, Counting]] = {}
        # What was last saved or loaded of each station.
        self.facts: dict[str, dict[str, Any]] = {}
        # Those in force, by station and id.
        self.reservations: dict[tuple[str, int], Reservation] = {}
        # What stations hold, by station and id.
        self.profiles: dict[tuple[str, int], ChargingProfile] = {}
        # What stations are made of, where it was written since the start.
        self.device_models: dict[str, KeptModel] = {}

    def forget_station(self, identity: str) -> None:
        """Forget what is known of a station but its transactions."""
        self.facts.pop(identity, None)
        self.device_models.pop(identity, None)
        for reservation in self.reservations_of(identity):
            del self.reservations[identity, reservation.id]
        for profile in self.profiles_of(identity):
            del self.profiles[identity, profile.id]

    def reservations_of(self, station: str) -> list[Reservation]:
        """Return the reservations of a station."""
        return [it for it in self.reservations.values() if it.station == station]

    def profiles_of(self, station: str) -> list[ChargingProfile]:
        """Return the charging profiles of a station."""
        return [it for it in self.profiles.values() if it.station == station]

    def keep(self, transaction: Transaction, counting: Counting | None = None) -> None:
        """Remember how a transaction is now."""
        _, before = self._kept.pop(transaction.number, (None, {}))
        known = counting if counting is not None else before
        self._kept[transaction.number] = (transaction, known)
        if len(self._kept) > _MOST:
            del self._kept[self._least_needed()]

    def _least_needed(self) -> int:
        ended: int | None = None
        for number, (transaction, _) in self._kept.items():
            if not transaction.token_info.accepted:
                return number
            if ended is None and not transaction.running:
                ended = number
        return next(iter(self._kept)) if ended is None else ended

    def forget(self, number: int) -> None:
        """Forget a transaction."""
        self._kept.pop(number, None)

    def station_of(self, number: int) -> str:
        """Return whose a transaction is, as far as is remembered."""
        return self._kept[number][0].station if number in self._kept else ""

    def all(self) -> list[tuple[Transaction, Counting]]:
        """Return all that is remembered."""
        return list(self._kept.values())

    def find(self, station: str, transaction_id: str) -> Transaction | None:
        """Return the newest transaction that a station calls by this id."""
        found = [
            transaction
            for transaction, _ in self._kept.values()
            if transaction.station == station and transaction.id == transaction_id
        ]
        return max(found, key=lambda it: it.number, default=None)

    def counting(self, number: int) -> Counting:
        """Return how far the counting of a transaction is."""
        return self._kept[number][1] if number in self._kept else {}

    def latest(self, station: str) -> list[tuple[Transaction, Counting]]:
        """Return the newest session of each EVSE and how far its counting is.

        Before them come those that run nobody knows where: their EVSE is 0.
        """
        unplaced: list[tuple[Transaction, Counting]] = []
        newest: dict[int, tuple[Transaction, Counting]] = {}
        for transaction, counting in sorted(
            self._kept.values(), key=lambda kept: (kept[0].started, kept[0].number)
        ):
            if not transaction.token_info.accepted or transaction.station != station:
                continue
            if transaction.evse:
                newest[transaction.evse] = transaction, counting
            elif transaction.running:
                unplaced.append((transaction, counting))
        return [*unplaced, *newest.values()]

    def same_start(self, start: Transaction, dated: bool) -> Transaction | None:
        """Return the transaction that this start already began."""
        found = [
            transaction
            for transaction, _ in self._kept.values()
            if _is_same(transaction, start, dated)
        ]
        return max(found, key=lambda it: it.number, default=None)


def _is_same(known: Transaction, start: Transaction, dated: bool) -> bool:
    return (
        _is_same_time(known, start, dated)
        and known.station == start.station
        and known.evse == start.evse
        and known.meter_start == start.meter_start
        and token_key(known.id_token) == token_key(start.id_token)
        and (not start.id or known.id == start.id)
        and (start.ended is None or known.ended is not None)
    )


def _is_same_time(known: Transaction, start: Transaction, dated: bool) -> bool:
    recent = known.started >= start.started - UNDATED_REPEAT
    if start.told and known.told:
        # With a clock that stands still the next session begins at the same time.
        over = not known.running and known.stop_reason != UNKNOWN_END
        repeated = dated or (recent and (start.ended is not None or not over))
        return known.told == start.told and repeated
    if start.ended is not None and known.ended != start.ended:
        return False
    return known.started == start.started if dated else known.running and recent
