"""Functional block C: payments at the charger. What stations tell of them (C18 to C25).

Nobody is charged from here: stations with a terminal settle with the provider themselves.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, override

from ..clock import moment
from ..model import Part, Payload, Topic, Transaction, utcnow
from ..versions import V21
from .block import Block, answers, follows

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

DIRECT_PAYMENT = "DirectPayment"
SETTLEMENTS = ("Settled", "Canceled", "Rejected", "Failed")
# What a session is broken off by before anything was charged (C20).
_BROKEN_OFF = frozenset({"stopauthorized", "evconnecttimeout"})
_EVERYBODY = "*"
_LONGEST_RECEIPT = 50
_LONGEST_WAIT = 3_600


class Settlement(NamedTuple):
    """How the payment of a session ended, in the station's words."""

    status: str
    amount: float | None
    at: str
    receipt: str = ""


class Payment(Block):
    """Payments that are made at a station."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin without any."""
        super().__init__(station)
        # By number of session, those that are shown still.
        self._settled: dict[int, Settlement] = {}
        # The sessions of those who pay at the station, as it calls them.
        self._direct: set[str] = set()
        # Those of them that were broken off, and are shown still: an end may come again.
        self._broken_off: set[str] = set()
        # Until when somebody pays on a web page, by EVSE.
        self._paying: dict[int, datetime] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        # The EVSEs that were ever paid for so.
        self._shown_at: set[int] = set()

    # --- settlement ---------------------------------------------------------------------

    def settlement(self, number: int) -> Settlement | None:
        """Return how the payment of a session ended, where that was told."""
        return self._settled.get(number)

    @answers("NotifySettlement", V21)
    def on_settlement(self, payload: Payload) -> Payload:
        """Keep how a payment ended (C19 to C22). There is no receipt of ours to name."""
        session = self._session(str(payload.get("transactionId") or ""))
        if session is None:
            # None was begun, or it is shown nowhere any more.
            self.station.note("NotifySettlement: of no session")
            return {}
        amount = payload.get("settlementAmount")
        told = moment(payload.get("settlementTime"))
        self._settled[session.number] = Settlement(
            next(
                (it for it in SETTLEMENTS if it == payload.get("status")), "Failed"
            ).casefold(),
            amount if isinstance(amount, (int, float)) else None,
            told.at.isoformat(),
            str(payload.get("receiptId") or "")[:_LONGEST_RECEIPT],
        )
        self._forget_old()
        self.changed(Topic.TRANSACTION, session.evse)
        self.station.remember()
        return {}

    def _shown(self) -> Iterable[Transaction]:
        transactions = self.station.transactions
        for evse in (0, *self.station.evses):
            yield from filter(
                None, (transactions.session(evse), transactions.ended.get(evse))
            )

    def _session(self, called: str) -> Transaction | None:
        return next((it for it in self._shown() if called and it.id == called), None)

    def _forget_old(self) -> None:
        numbers = {it.number for it in self._shown()}
        self._settled = {
            number: it for number, it in self._settled.items() if number in numbers
        }

    # --- direct payment -----------------------------------------------------------------

    def of_event(self, transaction: Transaction, payload: Payload) -> Payload:
        """Return that a payment which was broken off before charging costs nothing (C20)."""
        token = payload.get("idToken")
        if isinstance(token, dict) and token.get("type") == DIRECT_PAYMENT:
            self._direct.add(transaction.id)
        if transaction.running:
            self._end_web_payment(transaction.evse)
            return {}
        if transaction.id in self._direct:
            self._direct.discard(transaction.id)
            trigger = str(payload.get("triggerReason")).casefold()
            if trigger in _BROKEN_OFF:
                self._broken_off &= {it.id for it in self._shown()}
                self._broken_off.add(transaction.id)
                self.station.remember()
        if transaction.id in self._broken_off and not transaction.energy:
            return {"totalCost": 0}
        return {}

    # --- on a web page ------------------------------------------------------------------

    def shows(self, evse: int) -> bool:
        """Return whether there ever was such a payment for an EVSE."""
        return evse in self._shown_at

    def paying_until(self, evse: int) -> datetime | None:
        """Return until when somebody may pay on a web page for an EVSE (C25)."""
        return self._paying.get(evse)

    @follows("NotifyWebPaymentStarted", V21)
    def on_web_payment(self, payload: Payload, answer: Payload) -> None:
        """Know that the station waits for a payment, and for how many seconds."""
        evse, wait = payload["evseId"], min(max(payload["timeout"], 0), _LONGEST_WAIT)
        if evse not in self.station.evses:
            return
        self._stop_timer(evse)
        if evse not in self._shown_at:
            self._shown_at.add(evse)
            self.changed(Topic.STRUCTURE)
            self.station.remember()
        self._paying[evse] = utcnow() + timedelta(seconds=wait)
        loop = asyncio.get_running_loop()
        self._timers[evse] = loop.call_later(wait, self._time_out, evse)
        self.station.changed(Part(Topic.TRANSACTION, evse, "payment"))

    def _time_out(self, evse: int) -> None:
        self._end_web_payment(evse)
        self.station.flush()

    def _end_web_payment(self, evse: int) -> None:
        self._stop_timer(evse)
        if self._paying.pop(evse, None) is not None:
            self.station.changed(Part(Topic.TRANSACTION, evse, "payment"))

    def _stop_timer(self, evse: int) -> None:
        if (timer := self._timers.pop(evse, None)) is not None:
            timer.cancel()

    def stop(self) -> None:
        """Wait for no payment any more."""
        for evse in list(self._timers):
            self._stop_timer(evse)

    # --- VAT numbers --------------------------------------------------------------------

    @answers("VatNumberValidation", V21, needs=("vatNumber",), repeatable=True)
    def on_vat_number(self, payload: Payload) -> Payload:
        """Say whether a VAT number is one of those that people listed (C18.FR.09)."""
        number: str = payload["vatNumber"]
        found = _listed(number, self.station.options.vat_numbers)
        answer: Payload = {
            "vatNumber": number,
            "status": "Rejected" if found is None else "Accepted",
        }
        if isinstance(evse := payload.get("evseId"), int):
            answer["evseId"] = evse
        if found:
            answer["company"] = found
        return answer

    # --- memory -------------------------------------------------------------------------

    @override
    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which payments ended how, and which sessions are paid for directly."""
        self._settled = {
            int(number): Settlement(*told)
            for number, told in facts.get("settled", {}).items()
        }
        self._direct = set(facts.get("direct", ()))
        self._broken_off = set(facts.get("broken_off", ()))
        self._shown_at = set(facts.get("web", ()))

    @override
    def facts(self) -> dict[str, Any]:
        """Keep which payments ended how, and which sessions are paid for directly."""
        kept = self._settled or self._direct or self._broken_off or self._shown_at
        if not kept:
            return {}
        return {
            "settled": {str(number): [*it] for number, it in self._settled.items()},
            "direct": sorted(self._direct),
            "broken_off": sorted(self._broken_off),
            "web": sorted(self._shown_at),
        }


def _listed(number: str, listed: Iterable[str]) -> Payload | None:
    """Return the company of a VAT number, which may be empty; None where it is not listed.

    A line is a number, or `*` for any, and behind it, with semicolons in between, the
    company's name, address, city and country.
    """
    wanted = _folded(number)
    everybody = False
    for line in listed:
        first, *rest = (part.strip() for part in line.split(";"))
        if first == _EVERYBODY:
            everybody = True
        elif wanted and _folded(first) == wanted:
            return _company(rest)
    return {} if everybody else None


def _company(parts: list[str]) -> Payload:
    """Return an address as OCPP writes it; none where a part of it is missing."""
    fields = (("name", 50), ("address1", 100), ("city", 100), ("country", 50))
    if len(parts) < len(fields) or not all(parts[: len(fields)]):
        return {}
    return {
        name: part[:longest]
        for (name, longest), part in zip(fields, parts, strict=False)
    }


def _folded(number: str) -> str:
    """Return a VAT number as it is compared: people write them in groups."""
    return "".join(filter(str.isalnum, number)).casefold()
