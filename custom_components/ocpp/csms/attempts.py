"""Which passwords are looked at: nobody guesses fast, and nobody is kept out by who does."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
import hashlib
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from .charging_station import ChargingStation

# In seconds.
_A_MINUTE = 60
# Passwords of one station that are looked at in a minute, wherever they come from: those
# that come for the first time, and those that came before and were not looked at then.
FIRST, AGAIN = 20, 10
# In bits. Each password has some of them in `Seen`, named by so many bytes each.
_BITS = 1 << 20
_PLACES, _BYTES = 4, 3
# With that many in it, of the next new one in some thousand is taken for an old one.
_MOST_SEEN = 40_000


class Taken:
    """One that was taken of a share, for an address."""

    def __init__(self, share: Share, address: str, at: float) -> None:
        """Remember of what, for whom and when."""
        self.address = address
        self.at = at
        self._share = share

    def give_back(self) -> None:
        """Have one more left: what this was taken for did not need it."""
        self._share.put_back(self)


class Share:
    """So many in a minute, and half as many of one address: no one takes all."""

    def __init__(self, most: int, clock: Callable[[], float] = monotonic) -> None:
        """Begin with all of them left."""
        self._clock = clock
        self._most = most
        self._taken: deque[Taken] = deque()

    def take(self, address: str, *, own: bool = False) -> Taken | None:
        """Take one; return None where there is none left.

        An address may be the station's `own`: what others took leaves its half to it.
        """
        now, taken = self._clock(), self._taken
        while taken and now - taken[0].at >= _A_MINUTE:
            taken.popleft()
        of_one = sum(it.address == address for it in taken)
        if of_one >= self._most // 2 or (len(taken) >= self._most and not own):
            return None
        taken.append(Taken(self, address, now))
        return taken[-1]

    def put_back(self, one: Taken) -> None:
        """Have one more left, where that one is not over by itself."""
        with suppress(ValueError):
            self._taken.remove(one)


class Seen:
    """Knows what was there before, in memory that does not grow (a Bloom filter).

    What was never there is taken for old now and then; the oldest is forgotten.
    """

    def __init__(self) -> None:
        """Begin without having seen anything, and without using memory for that."""
        self._now = self._before = bytearray()
        self._count = 0

    def __contains__(self, mark: bytes) -> bool:
        """Return whether it was there."""
        return any(
            bits and all(bits[place >> 3] >> (place & 7) & 1 for place in _places(mark))
            for bits in (self._now, self._before)
        )

    def add(self, mark: bytes) -> None:
        """Remember something that nobody can choose, such as the hash of something."""
        if not self._now or self._count >= _MOST_SEEN:
            self._before, self._now = self._now, bytearray(_BITS // 8)
            self._count = 0
        for place in _places(mark):
            self._now[place >> 3] |= 1 << (place & 7)
        self._count += 1


def _places(mark: bytes) -> list[int]:
    digest = hashlib.blake2b(mark, digest_size=_PLACES * _BYTES).digest()
    return [
        int.from_bytes(digest[at : at + _BYTES]) % _BITS
        for at in range(0, len(digest), _BYTES)
    ]


class Attempts:
    """Counts the passwords that are looked at, by station.

    An address that failed too often is not listened to any more, but for passwords that it
    shows again: a station has the same one each time, while who guesses has another. So an
    attacker spoils the first attempt of the stations behind its address, not the second.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Begin with no attempts."""
        self._clock = clock
        self._shares: WeakKeyDictionary[ChargingStation, tuple[Share, Share]] = (
            WeakKeyDictionary()
        )
        self._seen = Seen()

    def take(
        self,
        station: ChargingStation,
        mark: bytes,
        address: str,
        *,
        heard: bool,
        own: bool = False,
    ) -> Taken | None:
        """Return what a look at a password takes of a share, None where nothing is left.

        `mark` is what the password is known by, and `heard` whether the address did not
        fail too often. At an address that the station came from, its `own`, neither that
        counts nor what is looked at elsewhere.
        """
        if station not in self._shares:
            first, again = (Share(most, self._clock) for most in (FIRST, AGAIN))
            self._shares[station] = first, again
        first, again = self._shares[station]
        if (heard or own) and (taken := first.take(address, own=own)):
            return taken
        if _of(station, mark) in self._seen and (taken := again.take(address, own=own)):
            return taken
        self.put_off(station, mark)
        return None

    def put_off(self, station: ChargingStation, mark: bytes) -> None:
        """Remember a password that nobody looked at."""
        self._seen.add(_of(station, mark))


def _of(station: ChargingStation, mark: bytes) -> bytes:
    return mark + station.identity.casefold().encode()
