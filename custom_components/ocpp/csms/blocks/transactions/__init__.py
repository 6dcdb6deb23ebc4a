"""Functional block E: transactions. What people call a charging session."""

import asyncio
from dataclasses import replace

from ...id_tokens import Purpose
from ...model import UNKNOWN_END, IdTokenInfo, Payload, Transaction
from ...versions import V16
from ..block import answers
from . import v2, v16
from .energy import SessionEnergy
from .events import TransactionEvents
from .notices import Stop
from .tally import priced

__all__ = ["STOP_REASONS", "UNKNOWN_END", "Transactions"]

STOP_REASONS = (*v16.STOP_REASONS.values(), *v2.STOP_REASONS.values(), UNKNOWN_END)


class Transactions(TransactionEvents):
    """The transactions of a station: at most one runs on each EVSE."""

    # --- messages -----------------------------------------------------------------------

    @answers("StartTransaction", V16, always=True)
    async def on_start_transaction(self, payload: Payload) -> Payload:
        """Record the start, then answer; a repeated one is answered alike (E01, E02)."""
        start = v16.read_start(payload)
        async with self._order:
            evse = self._evse_of(start.evse)
            info = self.station.authorization.authorize(
                start.id_token, purpose=Purpose.START, at=start.at, evse=evse
            )
            energy = SessionEnergy(
                start=start.meter_start, before=self.station.metering.register(evse)
            )
            transaction, new = await self.station.store.begin(
                priced(
                    Transaction(
                        number=0,
                        id="",
                        station=self.station.identity,
                        evse=evse,
                        started=start.at,
                        told=start.told,
                        id_token=start.id_token,
                        token_info=info,
                        meter_start=start.meter_start,
                        card=self.station.authorization.name(start.id_token),
                    ),
                    self.station.tariff,
                ),
                dated=start.dated,
                counting=energy.as_dict(),
            )
            if new:
                self.station.authorization.used(
                    start.id_token,
                    info,
                    purpose=Purpose.START,
                    evse=evse,
                    at=start.at,
                )
            # A refused start leaves the session that runs there alone.
            if new and transaction.token_info.accepted:
                running = self.running(evse)
                if running is not None and start.at < running.started and start.dated:
                    await self._keep_past(transaction, running.started)
                else:
                    await self._begin(transaction)
                    self.station.reservation.on_started(transaction, start.reservation)
        info = replace(info, status=transaction.token_info.status)
        if delay := self.station.compatibility.start_answer_delay:
            # Some drop the connection over an answer that comes too soon. People see the
            # session at once, and what else the station sends is not held up.
            self.station.flush()
            await asyncio.sleep(delay)
        return {
            "transactionId": transaction.number,
            "idTagInfo": self.station.authorization.id_tag_info(info),
        }

    @answers("StopTransaction", V16, always=True)
    async def on_stop_transaction(self, payload: Payload) -> Payload:
        """Record the end, then answer; it can't be refused (E06, E07)."""
        stop = v16.read_stop(payload)
        async with self._order:
            transaction = await self._meant_by(stop)
            info = self._authorize_stop(stop, transaction)
            if transaction is None:
                self.station.note("StopTransaction: unknown transaction")
                await self._keep_orphan(stop)
            elif transaction.running or transaction.stop_reason == UNKNOWN_END:
                self.station.metering.take_up(
                    transaction.evse, payload.get("transactionData"), transaction.id
                )
                await self._end(transaction, stop)
        if not stop.id_token:
            return {}
        return {"idTagInfo": self.station.authorization.id_tag_info(info)}

    def _authorize_stop(
        self, stop: Stop, transaction: Transaction | None
    ) -> IdTokenInfo:
        """Return what is thought of the token that a stop names, and take note of it."""
        info = self.station.authorization.authorize(
            stop.id_token,
            purpose=Purpose.STOP,
            at=stop.at,
            session=transaction.id_token if transaction is not None else "",
        )
        if transaction is not None and transaction.running:
            self.station.authorization.used(
                stop.id_token,
                info,
                purpose=Purpose.STOP,
                evse=transaction.evse,
                at=stop.at,
                # Many stations name the token of the start whatever the reason was.
                by_hand=stop.reason == "local",
            )
        return info

    async def _meant_by(self, stop: Stop) -> Transaction | None:
        if stop.transaction_id is not None:
            for transaction in self._latest.values():
                if transaction.id == stop.transaction_id:
                    return transaction
            known = await self.station.store.find(
                self.station.identity, stop.transaction_id
            )
            if known is None or known.stop_reason == UNKNOWN_END:
                for transaction in self._latest.values():
                    if self._called.get(transaction.number) == stop.transaction_id:
                        return transaction
            # Nobody gives ids below zero but some stations, to their own sessions.
            if known is not None or not stop.transaction_id.startswith("-"):
                return known
        # The station never got our answer to the start, or did not care for it.
        return self.fitting(stop)

    async def _keep_orphan(self, stop: Stop) -> None:
        orphan = Transaction(
            number=0,
            id=stop.transaction_id or "",
            station=self.station.identity,
            evse=0,
            started=stop.at,
            told=stop.told,
            id_token=stop.id_token,
            ended=stop.at,
            meter_stop=stop.meter_stop,
            stop_reason=stop.reason,
        )
        await self.station.store.begin(orphan, dated=stop.dated or not stop.told)
