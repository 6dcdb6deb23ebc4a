"""What stations count by themselves: with which tariff, and what it comes to (I12)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from ...model import Payload, Transaction
from .held import identifier


class LocalCost(NamedTuple):
    """What a session cost by the station's own count."""

    total: float
    currency: str


class LocalCosts:
    """The sessions that a station counts, and those it counted that are shown still."""

    def __init__(self) -> None:
        """Begin without any."""
        # By the station's name for a session: the tariff that it is counted with.
        self.tariffs: dict[str, str] = {}
        # By number of session.
        self.costs: dict[int, LocalCost] = {}

    @staticmethod
    def are_told(payload: Payload) -> bool:
        """Return whether an event tells of a tariff, or of a cost."""
        info = payload.get("transactionInfo")
        return "costDetails" in payload or (
            isinstance(info, dict) and "tariffId" in info
        )

    def take(self, transaction: Transaction, payload: Payload) -> None:
        """Take up what an event says of the tariff and the cost (I11, I12)."""
        info = payload.get("transactionInfo")
        told = info.get("tariffId") if isinstance(info, dict) else None
        if tariff_id := identifier(told):
            self.tariffs[transaction.id] = tariff_id
        if (cost := read_cost(payload.get("costDetails"))) is not None:
            self.costs[transaction.number] = cost

    def forget_others(self, shown: list[Transaction]) -> None:
        """Know nothing of sessions that are shown nowhere."""
        _keep(self.costs, {it.number for it in shown}.__contains__)
        _keep(self.tariffs, {it.id for it in shown}.__contains__)

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up what `kept` returned."""
        self.tariffs = dict(facts.get("used", {}))
        self.costs = {
            int(number): LocalCost(*cost)
            for number, cost in facts.get("costs", {}).items()
        }

    def kept(self) -> dict[str, Any]:
        """Return what must survive a restart, as JSON."""
        return {
            "used": self.tariffs,
            "costs": {str(number): [*cost] for number, cost in self.costs.items()},
        }


def _keep[K](table: dict[K, Any], wanted: Callable[[K], bool]) -> None:
    for key in [key for key in table if not wanted(key)]:
        del table[key]


def read_cost(details: Any) -> LocalCost | None:
    """Return what a session cost, taxes included where there are any (I12).

    None where the station could not count it, or not all of it.
    """
    if not isinstance(details, dict) or details.get("failureToCalculate") is True:
        return None
    cost = details.get("totalCost")
    total = cost.get("total") if isinstance(cost, dict) else None
    if not isinstance(cost, dict) or not isinstance(total, dict):
        return None
    amount = total.get("inclTax", total.get("exclTax"))
    if isinstance(amount, bool) or not isinstance(amount, (int, float)):
        return None
    return LocalCost(amount, str(cost.get("currency") or "")[:3])
