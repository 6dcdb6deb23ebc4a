"""How transaction events reach the CSMS: in order, and late if need be."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, override

from tests.simulator.link import CallError, Payload

from .base import Base


class Delivery(Base):
    """A station that keeps its transaction events until they are answered."""

    def __init__(self, url: str, identity: str, **options: Any) -> None:
        """Set up a station; `options` are those of Base."""
        super().__init__(url, identity, **options)
        self._delivery = asyncio.Lock()

    async def deliver(self, payload: Payload) -> Payload:
        """Send an event after those before it, or keep it until it can be sent.

        Returns the answer; it is empty if there is none yet.
        """
        self.queue.append(payload)
        return await self._send(payload)

    @override
    async def flush(self) -> None:
        await self._send(None)

    async def _send(self, wanted: Payload | None) -> Payload:
        """Send the queue, and return the answer to one of its events."""
        answers: list[tuple[Payload, Payload]] = []
        async with self._delivery:
            while self.queue and self.talking:
                payload = self.queue[0]
                answer = await self._attempt(payload)
                if answer is None:
                    break
                if self.queue and self.queue[0] is payload:
                    del self.queue[0]
                answers.append((payload, answer))
        # What they lead to may send events, too.
        for payload, answer in answers:
            await self.heard(payload, answer)
        return next((answer for payload, answer in answers if payload is wanted), {})

    async def heard(self, event: Payload, answer: Payload) -> None:
        """Take in the answer to an event."""

    async def _attempt(self, payload: Payload) -> Payload | None:
        """Send an event until it is answered, or given up (E13).

        None means that it stays in the queue.
        """
        attempts = self.variables.number(
            "OCPPCommCtrlr.MessageAttempts.TransactionEvent", 1
        )
        pause = self.variables.number(
            "OCPPCommCtrlr.MessageAttemptInterval.TransactionEvent"
        )
        for attempt in range(1, max(attempts, 1) + 1):
            try:
                return await self.call("TransactionEvent", payload)
            except (CallError, TimeoutError) as err:
                self.event(
                    f"TransactionEvent {payload['seqNo']}, attempt {attempt}: {err}"
                )
            except ConnectionError:
                return None
            if attempt < attempts:
                await asyncio.sleep(pause * attempt)
        return {}

    # Without a connection

    def go_offline(self) -> None:
        """Lose the network; what happens from now on is queued."""
        self.drop()
        self.offline_since = self.clock()
        self.event("offline")

    async def come_back(
        self,
        *,
        boot: bool = False,
        repeat: bool = False,
        lose: Iterable[int | str] | Callable[[Payload], bool] = (),
    ) -> None:
        """Reconnect and send what was queued, by the book without booting (B04).

        With `repeat` each event is sent twice. Events are lost whose seqNo or eventType
        `lose` lists, or for which it is true.
        """
        unwanted: Callable[[Payload], bool]
        if callable(lose):
            unwanted = lose
        else:
            lost = set(lose)

            def unwanted(event: Payload) -> bool:
                return event["seqNo"] in lost or event["eventType"] in lost

        self.queue = [event for event in self.queue if not unwanted(event)]
        if repeat:
            self.queue = [event for event in self.queue for _ in range(2)]
        since, self.offline_since = self.offline_since, None
        await self.connect()
        if boot:
            await self.power_up()
            return
        threshold = self.variables.number("OCPPCommCtrlr.OfflineThreshold")
        if since and self.clock() - since > timedelta(seconds=threshold):
            await self.report_status()
        else:
            await self.report_changes()
        await self.flush()
