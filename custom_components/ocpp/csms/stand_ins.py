"""Which certificates of ours stand in for the password of a station."""

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from .admission import Arrival

if TYPE_CHECKING:
    from .charging_station import ChargingStation
    from .passwords import Secret

# As many as a station is issued before the oldest is forgotten.
_MOST = 10


class StandIns:
    """Knows the certificates of whoever was known to have the password in force.

    With another password there are none: who had the one before, or came while none was
    asked for, keeps no way in. Numbers of certificates are in hexadecimal digits.
    """

    def __init__(self, station: ChargingStation) -> None:
        """Begin with none."""
        self._station = station
        self._numbers: list[str] = []
        # The password that they stand in for, and the one that the station was told with
        # the present socket.
        self._of: Secret | None = None
        self._told: Secret | None = None

    def __contains__(self, number: str) -> bool:
        """Return whether a certificate stands in for the password in force."""
        current = self.in_force
        return current is not None and current is self._of and number in self._numbers

    @property
    def in_force(self) -> Secret | None:
        """Return the password that the station has to show, if any."""
        held = self._station.passwords
        return held.current if held.is_set else None

    def on_arrival(self) -> None:
        """Know that whoever comes was not told any password yet."""
        self._told = None

    def on_told(self, secret: Secret) -> None:
        """Know that the station was told the password in force just now."""
        self._told = secret

    def proven(self, arrival: Arrival) -> Secret | None:
        """Return the password in force where whoever came so has shown it, or was told it."""
        current = self.in_force
        if current is None:
            return None
        has_it = current is self._told or current.has(arrival.mark)
        return current if has_it else None

    def add(self, number: str, of: Secret) -> bool:
        """Have a certificate stand in for a password; return whether that is news."""
        if of is not self.in_force or number in self:
            return False
        if of is not self._of:
            self._numbers.clear()
            self._of = of
        self._numbers.append(number)
        del self._numbers[:-_MOST]
        return True

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which they are, where the password is still the same."""
        current = self.in_force
        if current is not None and facts.get("of") == _digest(current):
            self._of = current
            self._numbers = facts["numbers"][-_MOST:]

    def facts(self) -> dict[str, Any]:
        """Keep which they are, and for which password."""
        current = self.in_force
        if current is None or current is not self._of or not current.hash:
            return {}
        return {"of": _digest(current), "numbers": [*self._numbers]}


def _digest(secret: Secret) -> str:
    return sha256(secret.hash.encode()).hexdigest()
