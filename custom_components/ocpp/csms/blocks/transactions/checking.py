"""Asking a station of 2.x for the transactions that it says too little of."""

import asyncio
from contextlib import suppress
from typing import override

from ...errors import CommandFailed, CommandRejected, NotSupported, OcppError
from ...lenient import whole_number
from ...model import UNKNOWN_END, ConnectorState, EvseStatus, Topic, Transaction
from .course import Course


class Checking(Course):
    """Finds out which transactions still run, and whether events are still to come (E14)."""

    async def look_for_missing(self, transaction_id: str) -> None:
        """Ask whether what is missing is still to come (E14); the answer is for the notes."""
        try:
            answer = await self.command(
                "GetTransactionStatus", {"transactionId": transaction_id}
            )
        except OcppError:
            return
        if not answer.get("messagesInQueue"):
            self.station.note("TransactionEvent: some were lost")

    @override
    def on_status(self, evse: int, state: ConnectorState) -> None:
        """Ask for the session of an EVSE that says it is free: it may go on all the same."""
        if self.speaks_16:
            super().on_status(evse, state)
        elif state.status is EvseStatus.AVAILABLE and (
            self.running(evse) is not None or self.unplaced
        ):
            self.station.spawn(self._check_later())

    @override
    async def prepare(self, *, booted: bool) -> None:
        """Find out which sessions still run."""
        if self.speaks_16:
            # What the station called otherwise when it spoke 2.x can't ever end here.
            for transaction in list(self._known()):
                if transaction.running and whole_number(transaction.id) is None:
                    await self._close_lost(transaction)
        elif await self._check_running():
            self.station.spawn(self._check_later())

    async def _check_later(self) -> None:
        """Look again when the station had the time to send what it has queued."""
        await asyncio.sleep(self.station.options.queue_grace)
        with suppress(OcppError):
            await self._check_running()

    async def _check_running(self) -> bool:
        """Close what the station knows to be over (E14); return whether to look again.

        Raises `StationOffline` and `CommandTimedOut`.
        """
        again = False
        for transaction in list(self._known()):
            if not transaction.running:
                continue
            try:
                answer = await self.command(
                    "GetTransactionStatus", {"transactionId": transaction.id}
                )
            except CommandFailed, CommandRejected, NotSupported:
                return False
            if answer.get("messagesInQueue"):
                again = True
            elif answer.get("ongoingIndicator") is False:
                await self._close_lost(transaction)
        return again

    async def _close_lost(self, lost: Transaction) -> None:
        async with self._order:
            running = self.unplaced.get(lost.number) or self.running(lost.evse)
            if running is not None and running.number == lost.number:
                # Nothing is known of it after its newest sample.
                await self._close(running, self._tally(running).until)
                self.station.flush()

    def _resume(self, transaction: Transaction) -> Transaction:
        """Have a session go on that was interrupted, also where it seemed over (E17)."""
        evse = transaction.evse
        latest = self._latest.get(evse)
        if not evse or latest is None or latest.number != transaction.number:
            return transaction
        if transaction.stop_reason == UNKNOWN_END:
            transaction = self._reopen(transaction)
        if transaction.running:
            self.station.smart_charging.on_resumed(evse)
        return transaction

    # --- sessions that run nobody knows where -------------------------------------------

    async def _keep_unplaced(self, transaction: Transaction) -> None:
        """Know a session that runs until the station says where, or that it is over.

        Never more than there are EVSEs: the end of the oldest was lost.
        """
        if not self.unplaced.seen:
            self.changed(Topic.STRUCTURE)
            self.station.remember()
        self._tally(transaction)
        self.unplaced.take(transaction)
        self.changed(Topic.TRANSACTION)
        while len(self.unplaced) > max(len(self.station.evses), 1):
            await self._close(next(iter(self.unplaced)), transaction.started)

    def _drop_unplaced(self, transaction: Transaction) -> None:
        """Show a transaction no more where it waited, as its station now says where it is."""
        if self.unplaced.drop(transaction.number):
            self.changed(Topic.TRANSACTION)
        waiting = self._latest.get(transaction.evse)
        if waiting is not None and waiting.number == transaction.number:
            del self._latest[transaction.evse]
            self.changed(Topic.TRANSACTION, transaction.evse)

    def _count_unplaced(self, transaction: Transaction) -> None:
        """Show and store, soon, what a session charged that runs nobody knows where."""
        if self.unplaced.get(transaction.number) is not None:
            self.changed(Topic.TRANSACTION)
            self._save_later()
