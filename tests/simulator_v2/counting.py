"""What a station of 2.1 counts by itself: costs by its tariffs, and limits of sessions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.simulator.link import Payload

from . import make
from .device_model import Variable
from .evse import Evse, Transaction

if TYPE_CHECKING:
    from .transactions import Transactions

_COMPONENT = "TariffCostCtrlr"
_LIMITS = ("maxEnergy", "maxTime", "maxCost", "maxSoC")
# What the event tells that says so (E16.FR.05).
_REACHED = {
    "maxEnergy": "EnergyLimitReached",
    "maxTime": "TimeLimitReached",
    "maxCost": "CostLimitReached",
    "maxSoC": "SoCLimitReached",
}


def counting(*, limits: str = ",".join(_LIMITS)) -> list[Variable]:
    """Return the variables of a station that counts, and keeps limits."""
    tariff = {"instance": "Tariff"}
    return [
        make.fixed(_COMPONENT, "MaxElements", 1, **tariff),
        make.flag(
            _COMPONENT, "ConditionsSupported", False, mutability="ReadOnly", **tariff
        ),
        make.flag(_COMPONENT, "Enabled", False, instance="RunningCost"),
        make.choice(
            "TxCtrlr", "SupportedLimits", limits, _LIMITS, mutability="ReadOnly"
        ),
    ]


@dataclass(slots=True)
class Count:
    """What one transaction has cost so far, and may cost."""

    tariff: Payload | None = None
    told: bool = False
    fixed: float = 0
    amount: float = 0
    # From which register its present tariff counts.
    since_wh: float = 0
    limits: dict[str, float] = field(default_factory=dict)
    # What is in force and was not told yet.
    news: dict[str, float] = field(default_factory=dict)


class Counting:
    """The tariffs that a station holds, and what its transactions come to."""

    def __init__(self, station: Transactions) -> None:
        """Count for a station."""
        self._station = station
        # The default tariff of each EVSE.
        self.defaults: dict[int, Payload] = {}
        self.counts: dict[str, Count] = {}

    def of(self, transaction: Transaction) -> Count:
        """Return the count of a transaction."""
        return self.counts.setdefault(transaction.id, Count())

    def held(self) -> set[str]:
        """Return the tariffs that it has, those of running transactions among them."""
        running = {
            evse.transaction.id
            for evse in self._station.evses.values()
            if evse.transaction is not None
        }
        used = (self.counts[it].tariff for it in running & self.counts.keys())
        return {it["tariffId"] for it in (*self.defaults.values(), *used) if it}

    def flaw(self, tariff: Payload) -> str | None:
        """Return what is wrong with a tariff, as a status."""
        most = self._station.variables.number(f"{_COMPONENT}.MaxElements.Tariff", 1)
        parts = [
            it for it in tariff.values() if isinstance(it, dict) and "prices" in it
        ]
        if any(len(part["prices"]) > most for part in parts):
            return "TooManyElements"
        if any("conditions" in price for part in parts for price in part["prices"]):
            return "ConditionNotSupported"
        return None

    # --- costs ----------------------------------------------------------------------------

    def change(self, evse: Evse, tariff: Payload) -> None:
        """Go on counting a transaction with another tariff (I11)."""
        assert evse.transaction is not None
        count = self.of(evse.transaction)
        self._settle(evse, count)
        if count.tariff is None:
            self._begin(evse.transaction, count, tariff)
        count.tariff, count.told = tariff, False

    def _begin(self, transaction: Transaction, count: Count, tariff: Payload) -> None:
        count.tariff, count.since_wh = tariff, transaction.start_wh
        # Once, at the start (I12.FR.30).
        for price in tariff.get("fixedFee", {}).get("prices", ()):
            count.fixed += price["priceFixed"]

    def _settle(self, evse: Evse, count: Count) -> None:
        """Count what was charged up to now."""
        if count.tariff is not None:
            for price in count.tariff.get("energy", {}).get("prices", ()):
                charged = evse.meter_wh - count.since_wh
                count.amount += charged / 1000 * price["priceKwh"]
        count.since_wh = evse.meter_wh

    def cost(self, evse: Evse, transaction: Transaction) -> float:
        """Return what a transaction has cost up to now."""
        count = self.of(transaction)
        self._settle(evse, count)
        return count.fixed + count.amount

    def tell(self, transaction: Transaction, payload: Payload) -> None:
        """Add to an event what is told of the tariff, the cost and the limits."""
        evse, info = self._station.evses[transaction.evse], payload["transactionInfo"]
        count = self.of(transaction)
        if count.tariff is None and transaction.token and evse.id in self.defaults:
            self._begin(transaction, count, self.defaults[evse.id])
        if count.tariff is not None:
            if not count.told:
                count.told, info["tariffId"] = True, count.tariff["tariffId"]
            running = self._station.variables.flag(f"{_COMPONENT}.Enabled.RunningCost")
            if payload["eventType"] == "Ended" or running:
                payload["costDetails"] = self._details(
                    evse, transaction, ended=payload["eventType"] == "Ended"
                )
        if count.news:
            info["transactionLimit"], count.news = count.news, {}

    def _details(self, evse: Evse, transaction: Transaction, *, ended: bool) -> Payload:
        """Return what it cost (I12); without periods while it runs."""
        count, total = self.of(transaction), self.cost(evse, transaction)
        assert count.tariff is not None
        energy = evse.meter_wh - transaction.start_wh
        period = {
            "tariffId": count.tariff["tariffId"],
            "startPeriod": transaction.began.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "dimensions": [{"type": "Energy", "volume": energy}],
        }
        return {
            **({"chargingPeriods": [period]} if ended else {}),
            "totalCost": {
                "currency": count.tariff["currency"],
                "typeOfCost": "NormalCost",
                "total": {"exclTax": total},
            },
            "totalUsage": {
                "energy": energy,
                "chargingTime": round(transaction.charged_seconds),
                "idleTime": 0,
            },
        }

    # --- limits ---------------------------------------------------------------------------

    async def hear(self, transaction: Transaction, answer: Payload) -> None:
        """Take up a limit that an answer brings, and confirm it (E16.FR.03)."""
        supported = self._station.variables.words("TxCtrlr.SupportedLimits")
        if limits := {
            name: value
            for name, value in answer.get("transactionLimit", {}).items()
            if name in supported
        }:
            await self.limit(transaction, limits)

    async def limit(self, transaction: Transaction, limits: dict[str, float]) -> None:
        """Limit a transaction, as somebody at the station or the CSMS wants."""
        count = self.of(transaction)
        count.limits |= limits
        count.news = dict(limits)
        await self._station.transaction_event(transaction, "Updated", "LimitSet")
        await self._station.refresh(transaction.evse)

    def reached(self, evse: Evse) -> str | None:
        """Return by which trigger it is told that a limit is reached, where one is."""
        if evse.transaction is None:
            return None
        limits = self.of(evse.transaction).limits
        return next(
            (
                _REACHED[name]
                for name, value in self._measures(evse, evse.transaction)
                if name in limits and value >= limits[name]
            ),
            None,
        )

    def _measures(
        self, evse: Evse, transaction: Transaction
    ) -> Iterator[tuple[str, Any]]:
        lasted = self._station.clock() - transaction.began
        yield "maxEnergy", evse.meter_wh - transaction.start_wh
        yield "maxTime", lasted.total_seconds()
        cost = self._station.costs.get(transaction.id, 0)
        if self.of(transaction).tariff is not None:
            cost = self.cost(evse, transaction)
        yield "maxCost", cost
        if evse.car is not None and evse.car.soc is not None:
            yield "maxSoC", evse.car.soc
