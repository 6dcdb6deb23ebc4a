"""How far a running session is: what it has charged, and what that costs."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from ...model import Transaction
from ...tariff import Tariff
from .energy import SessionEnergy


class Tally:
    """Counts a running session. Energies are in Wh; neither energy nor cost ever fall."""

    def __init__(
        self, transaction: Transaction, energy: SessionEnergy, tariff: Tariff
    ) -> None:
        """Go on from what the transaction says was counted already."""
        self._counter = energy
        self._tariff = tariff
        self.energy = transaction.energy
        self.cost = transaction.cost
        self.cost_complete = transaction.cost_complete

    def begin(self) -> None:
        """Charge for the session itself."""
        if self._tariff.exists:
            self.cost = self._tariff.per_session

    def take(self, register: float, at: datetime) -> bool:
        """Count up to a reading of the register; return whether it added anything."""
        self._counter.take(register)
        return self._count(self._counter.energy, at)

    def finish(self, meter_stop: float | None, at: datetime) -> None:
        """Count what the station says the whole session was."""
        self._count(self._counter.finish(meter_stop), at)

    def _count(self, energy: float, at: datetime) -> bool:
        step = energy - self.energy
        if step <= 0:
            return False
        self.energy = energy
        if self._tariff.exists:
            self._charge(step, at)
        return True

    def _charge(self, step: float, at: datetime) -> None:
        """Add what a step of energy costs at the price of its time."""
        if self.cost is None:
            # Prices were set up in the middle of the session.
            self.cost = self._tariff.per_session
            self.cost_complete = self.energy == step
        price = self._tariff.price(at)
        if price is None:
            self.cost_complete = False
        else:
            self.cost += step / 1000 * price

    def applied_to(self, transaction: Transaction) -> Transaction:
        """Return the transaction as it is by now."""
        return replace(
            transaction,
            energy=self.energy,
            cost=self.cost,
            cost_complete=self.cost_complete,
            currency=self._tariff.currency if self.cost is not None else None,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what else must survive a restart."""
        return self._counter.as_dict()
