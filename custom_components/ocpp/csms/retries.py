"""Trying again later what a station did not answer."""

import asyncio
from collections.abc import Callable

# In seconds: how long a station that did not answer is left alone before it is asked again,
# the first time, the second and the last.
AGAIN_IN = (60.0, 300.0, 900.0)


class Retries:
    """Has something tried again some times, each time later."""

    def __init__(self, again: Callable[[], None]) -> None:
        """Prepare; `again` is what is to be done."""
        self._again = again
        self._times = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waits(self) -> bool:
        """Return whether it will be tried again."""
        return self._timer is not None

    def begin_anew(self) -> None:
        """Have as many tries left as in the beginning."""
        self._times = 0

    def later(self) -> None:
        """Try again later, unless that is going to happen or happened often enough."""
        if self._timer is None and self._times < len(AGAIN_IN):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(AGAIN_IN[self._times], self._try)
            self._times += 1

    def stop(self) -> None:
        """Do not try again what waits for it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _try(self) -> None:
        self._timer = None
        self._again()
