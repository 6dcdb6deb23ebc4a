"""How often and how much anybody may: bounds that honest stations stay far below."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
import ipaddress
import logging
from time import monotonic
from typing import Protocol

_LOGGER = logging.getLogger(__name__)

# In seconds.
_A_MINUTE = 60
# Addresses that failed lately; beyond that the oldest is forgotten.
_MOST_ADDRESSES = 1_000
# Whoever has a network of IPv6 has all addresses of it.
_NETWORK_V6 = 64


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is allowed."""

    # Connections that are refused, by address and minute; those after that are, unheard.
    failures: int = 30
    # Connections in all, and those that have not said yet what they want: of all, and of one
    # address, which may be that of many stations behind a proxy.
    connections: int = 1_000
    of_one: int = 300
    waiting: int = 500
    waiting_of_one: int = 250
    # Messages of a station: at once, and per second after that.
    burst: int = 1_000
    messages: float = 100


class Closing(Protocol):
    """A connection that can be ended at once."""

    def abort(self) -> None:
        """End it without waiting for anything."""


def who(address: object) -> str:
    """Return whose attempts are counted together, from the address of a socket."""
    text = str(address[0]) if isinstance(address, tuple) and address else ""
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, _NETWORK_V6), strict=False))
    return str(ip)


class _Connections:
    """Connections and their addresses, in the order that they were added."""

    def __init__(self) -> None:
        """Begin with none."""
        self._all: dict[Closing, str] = {}
        self._by_address: dict[str, dict[Closing, None]] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._all)

    def __iter__(self) -> Iterator[Closing]:
        """Iterate over those that are there now."""
        return iter([*self._all])

    def add(self, connection: Closing, address: str) -> None:
        """Add one, unless it is there."""
        self._all.setdefault(connection, address)
        self._by_address.setdefault(address, {})[connection] = None

    def discard(self, connection: Closing) -> None:
        """Remove one, if it is there."""
        if (address := self._all.pop(connection, None)) is not None:
            of_one = self._by_address[address]
            del of_one[connection]
            if not of_one:
                del self._by_address[address]

    def address(self, connection: Closing) -> str | None:
        """Return the address of one, None where it is not there."""
        return self._all.get(connection)

    def of(self, address: str) -> int:
        """Return how many are of an address."""
        return len(self._by_address.get(address, ()))

    def first(self, address: str | None = None) -> Closing | None:
        """Return the first one, or the first of an address."""
        those = self._all if address is None else self._by_address.get(address, {})
        return next(iter(those), None)


class Rates:
    """Counts what comes to the door of one central system."""

    def __init__(
        self, limits: Limits | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        """Begin with nobody at the door."""
        self.limits = limits or Limits()
        self._clock = clock
        # Connections that were ended to make room.
        self.dropped = 0
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        # By address. All that are open; of these, those that have not said yet what they
        # want, and those that are being closed, both in that order.
        self._open = _Connections()
        self._waiting = _Connections()
        self._closing = _Connections()

    # --- failures -----------------------------------------------------------------------

    def failed(self, address: str) -> None:
        """Count a refused connection."""
        times = self._failures.setdefault(address, deque(maxlen=self.limits.failures))
        times.append(self._clock())
        self._failures.move_to_end(address)
        if len(self._failures) > _MOST_ADDRESSES:
            self._failures.popitem(last=False)

    def too_often(self, address: str) -> bool:
        """Return whether so many were refused within a minute that nobody looks any more."""
        times = self._failures.get(address)
        return (
            times is not None
            and len(times) >= self.limits.failures
            and self._clock() - times[0] < _A_MINUTE
        )

    # --- connections --------------------------------------------------------------------

    def opened(self, connection: Closing, address: str) -> None:
        """Count a connection, and end one where there are too many.

        That is one that was to be closed, and was not yet; else the one that has waited
        longest without saying what it wants: honest stations do so at once, so they get in
        also while somebody holds many open. One that is in stays.
        """
        limits, waiting = self.limits, self._waiting
        self._open.add(connection, address)
        waiting.add(connection, address)
        if waiting.of(address) > limits.waiting_of_one:
            self._end(waiting.first(address))
        elif len(waiting) > limits.waiting:
            self._end(waiting.first())
        elif self._open.of(address) > limits.of_one:
            self._end(self._closing.first(address) or waiting.first(address))
        elif len(self._open) > limits.connections:
            self._end(self._closing.first() or waiting.first())

    def _end(self, connection: Closing | None) -> None:
        assert connection is not None  # noqa: S101 - the new one is among them
        self.closed(connection)
        self.dropped += 1
        if self.dropped == 1:
            _LOGGER.warning("More connections are open than chargers need; some end")
        connection.abort()

    def admitted(self, connection: Closing) -> None:
        """Know that a connection is a station's: it waits no more."""
        self._waiting.discard(connection)

    def closing(self, connection: Closing) -> None:
        """Know that a connection is to be closed, which the other end may put off."""
        self._waiting.discard(connection)
        if (address := self._open.address(connection)) is not None:
            self._closing.add(connection, address)

    def closed(self, connection: Closing) -> None:
        """Count a connection no more."""
        for those in (self._open, self._waiting, self._closing):
            those.discard(connection)

    def end_waiting(self) -> None:
        """End those that have not said what they want: nobody listens any more."""
        for connection in self._waiting:
            connection.abort()

    @property
    def connections(self) -> int:
        """Return how many are open."""
        return len(self._open)


class Bucket:
    """How fast the messages of one station are read; none is ever lost."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = monotonic) -> None:
        """Begin full."""
        self._limits = limits
        self._clock = clock
        self._left = float(limits.burst)
        self._at = clock()

    def take(self) -> float:
        """Count a message; return for how many seconds the next is better not read."""
        now = self._clock()
        limits = self._limits
        self._left = min(
            float(limits.burst), self._left + (now - self._at) * limits.messages
        )
        self._at = now
        self._left -= 1
        return max(0.0, -self._left / limits.messages)
