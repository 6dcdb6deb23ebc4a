"""How far a running session is: what it has charged, and what that costs."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Self

from ...model import Transaction
from ...tariff import Tariff
from .energy import SessionEnergy
from .progress import Progress

_MINUTE = timedelta(minutes=1)
_HALF_A_SECOND = timedelta(seconds=0.5)
_UNTIL = "until"
_PROGRESS = "events"
_EXPORT = "export"


def priced(transaction: Transaction, tariff: Tariff) -> Transaction:
    """Return a session that begins, with what it costs before anything is charged."""
    if not tariff.exists or not transaction.token_info.accepted:
        return transaction
    return replace(transaction, cost=tariff.per_session, currency=tariff.currency)


class Tally:
    """Counts a running session. Energies are in Wh; the energy never falls.

    Nor does the cost, unless a price is below zero.
    """

    def __init__(
        self, transaction: Transaction, energy: SessionEnergy, tariff: Tariff
    ) -> None:
        """Go on from what the transaction says was counted already."""
        self._counter = energy
        self._tariff = tariff
        self.energy = transaction.energy
        # What flowed back, counted from the first that is heard of it.
        self._export: SessionEnergy | None = None
        self.exported = transaction.exported
        self.cost = transaction.cost
        self.cost_complete = transaction.cost_complete
        self.currency = transaction.currency
        # The newest moment that was counted.
        self.until = transaction.started
        # How many whole minutes of the session were over when that was asked last, since
        # when they were counted, and when there is one more.
        self._minutes = 0
        self._counted_since = transaction.started
        self._minute_ends = transaction.started + _MINUTE - _HALF_A_SECOND
        self.progress = Progress()

    @classmethod
    def recall(
        cls, transaction: Transaction, kept: dict[str, Any], tariff: Tariff
    ) -> Self:
        """Go on from where `as_dict` was before a restart."""
        counting = {"start": transaction.meter_start} | kept
        until, progress = counting.pop(_UNTIL, None), counting.pop(_PROGRESS, {})
        export = counting.pop(_EXPORT, None)
        tally = cls(transaction, SessionEnergy(**counting), tariff)
        tally.progress = Progress.recall(progress)
        if export is not None:
            tally._export = SessionEnergy(**export)
            tally.exported = tally._export.energy
        if until is not None:
            tally.until = datetime.fromisoformat(until)
        return tally

    @property
    def counts(self) -> bool:
        """Return whether there was a reading of the register since the start."""
        return self._counter.last is not None

    def take(self, register: float, at: datetime) -> bool:
        """Count up to a reading of the register; return whether it added anything.

        A lower one of an earlier time is no restarted register, but was held back.
        """
        if at < self.until and register < (self._counter.last or 0):
            return False
        self._counter.take(register, exported=self.exported or 0)
        return self._count(self._counter.energy, at)

    def passes_minute(self, started: datetime) -> bool:
        """Return whether another minute since the start is over since this was asked."""
        if self.until < self._minute_ends and started == self._counted_since:
            return False
        # To the nearest second, as it is shown.
        minutes = (self.until - started + _HALF_A_SECOND) // _MINUTE
        self._counted_since = started
        self._minute_ends = started + (minutes + 1) * _MINUTE - _HALF_A_SECOND
        passed, self._minutes = minutes != self._minutes, minutes
        return passed

    def take_export(self, register: float, at: datetime) -> bool:
        """Count what flowed back up to a reading of its register, in Wh.

        Return whether it is another amount than before.
        """
        if self._export is None:
            self._export = SessionEnergy(carried=self.exported or 0)
        if at < self.until and register < (self._export.last or 0):
            return False
        before = self.exported
        self._export.take(register)
        self.exported = self._export.energy
        return self.exported != before

    def go_on(self, register: float, *, exports: bool) -> None:
        """Count with another meter from now on, whose register is this, in Wh."""
        if not exports:
            self._counter.go_on(register)
        elif self._export is not None:
            self._export.go_on(register)

    def begin(self, register: float, at: datetime) -> None:
        """Count from what is told only now that the register was at the start, in Wh."""
        self._counter.begin(register)
        self._count(self._counter.energy, at)

    def catch_up(self, energy: float, at: datetime) -> None:
        """Know again what was counted up to a moment, in Wh."""
        self._count(energy, at)

    def finish(self, meter_stop: float | None, at: datetime) -> None:
        """Count what the station says the whole session was."""
        self._count(self._counter.finish(meter_stop), at)

    def _count(self, energy: float, at: datetime) -> bool:
        since = self.until
        # A queued sample brings energy of its own time.
        since, self.until = (since, at) if at > since else (at, since)
        step = energy - self.energy
        if step <= 0:
            return False
        if self.cost is not None or self._tariff.exists:
            self._charge(step, since, at)
        self.energy = energy
        return True

    def _charge(self, step: float, since: datetime, at: datetime) -> None:
        """Add what a step of energy costs at the price of its time."""
        tariff = self._tariff
        if self.cost is None:
            # Prices were set up in the middle of the session.
            self.cost = tariff.per_session
            self.currency = tariff.currency
            self.cost_complete = not self.energy
        if not tariff.exists or tariff.currency != self.currency:
            # They were taken away again, or amounts can't be added to those before.
            self.cost_complete = False
            return
        amount, complete = tariff.charge(step, since, at)
        self.cost += amount
        if not complete:
            self.cost_complete = False

    def applied_to(self, transaction: Transaction) -> Transaction:
        """Return the transaction as it is by now."""
        return replace(
            transaction,
            energy=self.energy,
            exported=self.exported,
            cost=self.cost,
            cost_complete=self.cost_complete,
            currency=self.currency if self.cost is not None else None,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what else must survive a restart."""
        kept = self._counter.as_dict() | {_UNTIL: self.until.isoformat()}
        if self.progress != Progress():
            kept[_PROGRESS] = self.progress.as_dict()
        if self._export is not None:
            kept[_EXPORT] = self._export.as_dict()
        return kept
