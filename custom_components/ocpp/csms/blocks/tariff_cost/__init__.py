"""Functional block I: tariff and cost. What sessions cost, told to who charges."""

import asyncio
from typing import TYPE_CHECKING, Any

from ...errors import OcppError
from ...model import Payload, Transaction, utcnow
from ..block import Block
from .message import price_message

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# Of the currency's unit: stations show what they are told.
_DECIMALS = 2
_TARIFF, _COST = "Tariff", "Cost"
# In seconds: how far apart a station is told what a session costs by now, and how long
# after the answer to what made it cost more.
_APART = 60.0
_BEHIND = 1.0


class TariffCost(Block):
    """Tells stations what energy and their sessions cost, where prices are set up."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing told."""
        super().__init__(station)
        # By session: what its driver last read of the price, what the station was last
        # told of the cost and when, and who is to tell it again.
        self._price_told: dict[int, str] = {}
        self._cost_told: dict[int, tuple[float, float]] = {}
        self._telling: set[int] = set()

    # --- the price ----------------------------------------------------------------------

    def message(self) -> Payload | None:
        """Return the price as a message (I01); none where it can't be shown or is not known.

        It is told to stations that say they show tariffs, and to no other.
        """
        tariff = self.station.tariff
        if not tariff.exists or not self._has(_TARIFF):
            return None
        if (per_kwh := tariff.price(utcnow())) is None:
            return None
        model = self.station.device_model
        formats = model.words("DisplayMessageCtrlr", "SupportedFormats")
        return price_message(
            per_kwh,
            tariff.per_session,
            tariff.currency,
            language=model.value("DisplayMessageCtrlr", "Language") or "",
            ascii_only=bool(formats) and "UTF8" not in formats,
        )

    def _news(self, transaction: Transaction) -> Payload:
        """Return the price where it is another than the driver read (I06)."""
        if (message := self.message()) is None:
            return {}
        before = self._price_told.get(transaction.number)
        self._price_told[transaction.number] = message["content"]
        if before == message["content"]:
            return {}
        self._forget_ended()
        self.station.remember()
        # The first time it goes with the answer about the token.
        return {} if before is None else {"updatedPersonalMessage": message}

    def _forget_ended(self) -> None:
        """Know nothing of sessions whose end nobody told."""
        running = self.station.transactions.running
        numbers = {
            session.number
            for evse in (0, *self.station.evses)
            if (session := running(evse)) is not None
        }
        for number in self._price_told.keys() - numbers:
            del self._price_told[number]

    # --- the cost -----------------------------------------------------------------------

    def of_event(self, transaction: Transaction) -> Payload:
        """Return what an event is answered of the cost and the price (I02, I03, I06).

        Nothing where no price is known: 0 would say that it is free (I03.FR.04).
        """
        cost = self._known_cost(transaction)
        told: Payload = {} if cost is None else {"totalCost": cost}
        if not transaction.running:
            self._price_told.pop(transaction.number, None)
            self._cost_told.pop(transaction.number, None)
            return told
        if not transaction.token_info.accepted:
            return told
        if cost is not None and self._tells_costs():
            self._tell_soon(transaction)
        return told | self._news(transaction)

    def _known_cost(self, transaction: Transaction) -> float | None:
        """Return what a session costs up to now, or None where that is not known."""
        if transaction.cost is None or not transaction.cost_complete:
            return None
        cost = round(transaction.cost, _DECIMALS)
        if not cost and self.station.tariff.price(utcnow()) is None:
            return None
        return cost

    def _tells_costs(self) -> bool:
        """Return whether the station shows what a session costs while it goes on."""
        return (
            not self.station.options.quiet
            and self.sends("CostUpdated")
            and self._has(_COST)
        )

    def _has(self, what: str) -> bool:
        """Return whether the station says that it shows tariffs, or costs."""
        flag = self.station.device_model.flag
        return (
            flag("TariffCostCtrlr", "Available", instance=what) is True
            and flag("TariffCostCtrlr", "Enabled", instance=what) is not False
        )

    def _tell_soon(self, transaction: Transaction) -> None:
        """Have the station told behind the answer, and not all the time."""
        number = transaction.number
        if number not in self._telling and transaction.evse:
            self._telling.add(number)
            self.station.spawn(self._tell(number, transaction.evse))

    async def _tell(self, number: int, evse: int) -> None:
        """Tell what a session costs as long as that changes (I02)."""
        try:
            while await self._tell_once(number, evse):
                pass
        except OcppError as error:
            self.station.note(f"CostUpdated: {type(error).__name__}")
        finally:
            self._telling.discard(number)

    async def _tell_once(self, number: int, evse: int) -> bool:
        """Tell what a session costs by now; return false where there is no news."""
        clock = asyncio.get_running_loop().time
        before, at = self._cost_told.get(number, (0, -_APART))
        await asyncio.sleep(max(_BEHIND, at + _APART - clock()))
        session = self.station.transactions.session(evse)
        if session is None or session.number != number or not session.running:
            self._cost_told.pop(number, None)
            return False
        cost = self._known_cost(session)
        if cost is None or cost == before:
            return False
        self._cost_told[number] = cost, clock()
        await self.command(
            "CostUpdated", {"totalCost": cost, "transactionId": session.id}
        )
        return True

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which prices drivers read."""
        told = facts.get("price_told", {})
        self._price_told = {int(number): text for number, text in told.items()}

    def facts(self) -> dict[str, Any]:
        """Keep which prices drivers read."""
        if not self._price_told:
            return {}
        return {
            "price_told": {
                str(number): text for number, text in self._price_told.items()
            }
        }
