"""How often and how much anybody may: bounds that honest stations stay far below."""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
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
    # Connections in all, and those that have not said yet what they want: of one address,
    # and of all.
    connections: int = 1_000
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
        # In the order that they came in.
        self._waiting: dict[Closing, str] = {}
        self._of_one: Counter[str] = Counter()
        self._open: set[Closing] = set()

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

        That is the one that has waited longest without saying what it wants: honest stations
        do so at once, so they get in also while somebody holds many open.
        """
        limits = self.limits
        if len(self._open) >= limits.connections and not self._waiting:
            self._end(connection)
            return
        self._open.add(connection)
        self._waiting[connection] = address
        self._of_one[address] += 1
        if self._of_one[address] > limits.waiting_of_one:
            self._drop(next(it for it, of in self._waiting.items() if of == address))
        elif (
            len(self._waiting) > limits.waiting or len(self._open) > limits.connections
        ):
            self._drop(next(iter(self._waiting)))

    def _drop(self, connection: Closing) -> None:
        self.admitted(connection)
        self._end(connection)

    def _end(self, connection: Closing) -> None:
        self.dropped += 1
        if self.dropped == 1:
            _LOGGER.warning("More connections are open than chargers need; some end")
        connection.abort()

    def admitted(self, connection: Closing) -> None:
        """Know that a connection is a station's, or was turned away: it waits no more."""
        if (address := self._waiting.pop(connection, None)) is not None:
            self._of_one[address] -= 1
            if not self._of_one[address]:
                del self._of_one[address]

    def closed(self, connection: Closing) -> None:
        """Count a connection no more."""
        self.admitted(connection)
        self._open.discard(connection)

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
