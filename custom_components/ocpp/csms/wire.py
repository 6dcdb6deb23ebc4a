"""What is needed of a WebSocket, whoever serves it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

# Takes a frame; returns what to wait for before it is given the next, if anything.
type Take = Callable[[bytes], asyncio.Event | None]
# What is waited for until something was sent.
type Waiting = Coroutine[Any, Any, None]


class Socket(Protocol):
    """What is needed of a WebSocket."""

    async def deliver(self, take: Take) -> None:
        """Hand over each frame as it comes, until the socket closes, without raising."""

    def send(self, message: bytes) -> Waiting | None:
        """Send one text frame; raises a `ConnectionError` when the socket is closed.

        Returns what to wait for where the other end does not take what it is sent; that
        raises the same.
        """
