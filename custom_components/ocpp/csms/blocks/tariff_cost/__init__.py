"""Functional block I: tariff and cost. What sessions cost, told to who charges."""

import asyncio
from typing import TYPE_CHECKING, Any

from ...errors import OcppError
from ...model import Payload, Transaction, utcnow
from ...variables import at
from ...versions import V21
from ..block import Block
from .local import LocalCosts
from .message import price_message
from .on_station import SHOWN, Tariffs
from .structure import prices_of

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

__all__ = ["SHOWN", "TariffCost", "Tariffs", "prices_of"]

# Of the currency's unit: stations show what they are told.
_DECIMALS = 2
_TARIFF, _COST = "Tariff", "Cost"
_COMPONENT, _DISPLAY = "TariffCostCtrlr", "DisplayMessageCtrlr"
# In how many languages more than its own a station can be told something.
_MOST_OTHERS = 4
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
        return next(iter(self.texts()), None)

    def texts(self) -> list[Payload]:
        """Return the price as messages: in the station's language, and in its others."""
        tariff = self.station.tariff
        if not tariff.exists or not self._has(_TARIFF):
            return []
        if (per_kwh := tariff.price(utcnow())) is None:
            return []
        formats = self.station.device_model.words(_DISPLAY, "SupportedFormats")
        return [
            price_message(
                per_kwh,
                tariff.per_session,
                tariff.currency,
                language=language,
                ascii_only=bool(formats) and "UTF8" not in formats,
            )
            for language in self._languages()
        ]

    def _languages(self) -> list[str]:
        """Return the languages to write in, that of the station first."""
        variable = self.station.device_model.find(at(_DISPLAY, "Language"))
        if variable is None:
            return [""]
        first, known = variable.value or "", variable.characteristics
        if self.station.version is not V21 or known is None:
            return [first]
        return [*dict.fromkeys((first, *known.values))][: _MOST_OTHERS + 1]

    def _news(self, transaction: Transaction) -> Payload:
        """Return the price where it is another than the driver read (I06)."""
        if not (messages := self.texts()):
            return {}
        message, *others = messages
        before = self._price_told.get(transaction.number)
        self._price_told[transaction.number] = message["content"]
        if before == message["content"]:
            return {}
        self._forget_ended()
        self.station.remember()
        # The first time it goes with the answer about the token.
        if before is None:
            return {}
        extra = {"updatedPersonalMessageExtra": others} if others else {}
        return {"updatedPersonalMessage": message} | extra

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

    def is_told(self, payload: Payload) -> bool:
        """Return whether an event tells, or may be told, more than what was measured."""
        return self.station.version is V21 and (
            LocalCosts.are_told(payload)
            or self.station.transaction_limits.concern(payload)
        )

    def of_event(self, transaction: Transaction, payload: Payload) -> Payload:
        """Return what an event is answered of cost, price and limits (I02, I03, I06, E16).

        Nothing where no price is known: 0 would say that it is free (I03.FR.04).
        """
        if self.station.version is not V21:
            return self._of_cost(transaction)
        self.station.tariffs.take(transaction, payload)
        limits = self.station.transaction_limits.of_event(transaction, payload)
        free = self.station.payment.of_event(transaction, payload)
        return self._of_cost(transaction) | limits | free

    def _of_cost(self, transaction: Transaction) -> Payload:
        cost = self._known_cost(transaction)
        told: Payload = {} if cost is None else {"totalCost": cost}
        if not transaction.running:
            self._price_told.pop(transaction.number, None)
            self._cost_told.pop(transaction.number, None)
            return told
        if not transaction.token_info.accepted:
            return told
        if (
            cost is not None
            and not self.station.tariffs.counts(transaction)
            and self._tells_costs()
        ):
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
        if self.station.options.quiet or not self.sends("CostUpdated"):
            return False
        if self.station.version is not V21:
            return self._has(_COST)
        # There it says whether the station counts by itself, which is asked for elsewhere.
        flag = self.station.device_model.flag
        return any(
            flag(_COMPONENT, "Available", instance=what) is not None
            for what in (_TARIFF, _COST)
        )

    def _has(self, what: str) -> bool:
        """Return whether the station says that it shows tariffs, or costs."""
        flag = self.station.device_model.flag
        return (
            flag(_COMPONENT, "Available", instance=what) is True
            and flag(_COMPONENT, "Enabled", instance=what) is not False
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
