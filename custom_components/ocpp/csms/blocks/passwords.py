"""Functional block A: the password that a station shows, and its change (A00, A01)."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import passwords
from ..model import Payload, utcnow
from ..passwords import Secret
from ..places import read_place, read_type, read_value
from ..variables import ACTUAL, at
from ..versions import V2, V16, V21
from .block import Block, follows, precedes, refused

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

KEY = "authorizationkey"
_PLACE = at("SecurityCtrlr", "BasicAuthPassword")
# Where a password may be set that counts once the station uses that connection.
_OF_A_CONNECTION = "networkconfiguration"
_AGREED = ("Accepted", "RebootRequired")
_MOST_ADDRESSES = 8


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Somebody who was turned away for the password; of that only a hash is kept.

    `mark` is what it is known by, None where none was shown, or an empty one.
    """

    address: str
    at: datetime
    connected: bool
    mark: bytes | None
    hash: str = ""


class InvalidPassword(ValueError):
    """A password that OCPP does not have; nothing was sent. Lengths are in characters."""

    def __init__(self, shortest: int, longest: int) -> None:
        """Remember how long it may be."""
        super().__init__(f"passwords have {shortest} to {longest} characters")
        self.shortest = shortest
        self.longest = longest


class NewPassword(NamedTuple):
    """A password that the station agreed to: Accepted or RebootRequired."""

    password: str
    status: str


class Passwords(Block):
    """What a station has to show where people want a password of it.

    There are up to two: the one that holds, and one that the station was told but may not
    use yet, since it has to restart first, or its answer was lost. The first time that it is
    shown it is the one that holds, and the other is none any more.
    """

    def __init__(self, station: ChargingStation) -> None:
        """Begin without a password."""
        super().__init__(station)
        self._settled = station.settings.password_hash
        self.current = Secret(self._settled)
        self.coming = Secret()
        # The one whom people were told of, until they decided about that; and the last one
        # who was turned away.
        self.attempt: Attempt | None = None
        self._last: tuple[bytes | None, str] | None = None
        # What people are not told of yet, since it has to be hashed first.
        self._untold: tuple[Attempt, bytes] | None = None
        self._telling: asyncio.Task[None] | None = None
        # Where the station showed the present password, since this process runs.
        self._addresses: list[str] = []
        self.ignores_attempts = False
        # Whether the station is to be given a password as soon as that can be done.
        self.wanted = False
        # Called with the hash of another password; with an attempt, or with none any more.
        self.on_changed: Callable[[str], None] = lambda _: None
        self.on_attempt: Callable[[Attempt | None], None] = lambda _: None

    # --- who comes in -------------------------------------------------------------------

    @property
    def is_set(self) -> bool:
        """Return whether the station has to show a password."""
        self._follow_settings()
        return bool(self.current)

    def _follow_settings(self) -> None:
        """Take over a password that people changed."""
        kept = self.station.settings.password_hash
        if kept != self._settled:
            self._settled = kept
            if kept != self.current.hash:
                self._hold(Secret(kept))

    def came_from(self, address: str) -> bool:
        """Return whether the station showed its present password at an address."""
        self._follow_settings()
        return address in self._addresses

    def was_wrong(self, password: bytes) -> bool:
        """Return whether it was seen before that it is none; costs nothing."""
        self._follow_settings()
        return all(it.was_wrong(password) for it in (self.current, self.coming) if it)

    async def admits(self, password: bytes | None) -> bool:
        """Return whether a password, or none, will do; raises `TooBusy`."""
        if password is None:
            return not self.is_set
        if self.is_set and self.current.known(password):
            return True
        hashing, coming = self.station.shared.hashing, self.coming
        if coming and await coming.is_(password, hashing) and coming is self.coming:
            self._become(coming, password)
            return True
        while self.is_set:
            compared = self.current
            admitted = await compared.is_(password, hashing)
            # It may be another one by now.
            if self.is_set and compared is self.current:
                return admitted
        return True

    def still_admits(self, password: bytes | None) -> bool:
        """Return whether what was admitted a moment ago still is; costs nothing."""
        return not self.is_set or (
            password is not None and self.current.known(password)
        )

    def on_refused(self, password: bytes | None, address: str) -> None:
        """Tell people of somebody who was turned away, so that they can decide about it."""
        # One that is empty is none.
        mark = passwords.fingerprint(password) if password else None
        if self._last == (mark, address):
            return
        self._last = (mark, address)
        attempt = Attempt(
            address=address, at=utcnow(), connected=self.station.connected, mark=mark
        )
        if self.ignores_attempts:
            return
        if not password:
            self._tell(attempt)
            return
        self._untold = attempt, password
        if self._telling is None or self._telling.done():
            self._telling = self.station.spawn(self._hash_and_tell())

    async def _hash_and_tell(self) -> None:
        """Tell of an attempt once there is a hash of what was shown, to agree to.

        One at a time: of those that come meanwhile it is the last that people hear of.
        """
        while self._untold is not None:
            (attempt, password), self._untold = self._untold, None
            kept = await self.station.shared.hashing.hash(password)
            if self._last == (attempt.mark, attempt.address):
                self._tell(Attempt(**vars(attempt) | {"hash": kept}))

    def _tell(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.on_attempt(attempt)

    def on_admitted(self, address: str, password: bytes | None) -> None:
        """Forget an attempt that was the station's own, since it came in from there."""
        right = password is not None and self.is_set and self.current.known(password)
        if right and address not in self._addresses:
            self._addresses.append(address)
            del self._addresses[:-_MOST_ADDRESSES]
        if self._last is not None and self._last[1] == address:
            self._forget_attempt()

    def _forget_attempt(self) -> None:
        self._last = self._untold = None
        if self.attempt is not None:
            self.attempt = None
            self.on_attempt(None)

    def accept(self, attempt: Attempt) -> None:
        """Have what somebody showed for a password from now on; none where they showed none."""
        self._replace(Secret(attempt.hash, attempt.mark) if attempt.hash else Secret())

    def block_attempts(self) -> None:
        """Go on turning them away, and tell nobody until there is another password."""
        self.ignores_attempts = True
        self._forget_attempt()
        self.station.remember()

    # --- change -------------------------------------------------------------------------

    def _become(self, secret: Secret, password: bytes) -> None:
        """Have a password that the station was told, and shows now, for the one that holds."""
        self.station.note("password: the new one is in use")
        if secret.hash:
            self._replace(secret)
        else:
            self._replace_with(password)

    def _hold(self, secret: Secret) -> None:
        """Have a password for the only one; who came with another is no news any more."""
        self.current, self.coming = secret, Secret()
        self._addresses.clear()
        self.ignores_attempts = self.wanted = False
        self._forget_attempt()
        self.station.remember()

    def _replace(self, secret: Secret) -> None:
        self._hold(secret)
        self.on_changed(secret.hash)

    def _replace_with(self, password: bytes) -> None:
        """Have a password from this moment on; what is kept of it follows."""
        secret = Secret(mark=passwords.fingerprint(password))
        self._hold(secret)
        self.station.spawn(self._hash_current(secret, password))

    async def _hash_current(self, secret: Secret, password: bytes) -> None:
        secret.hash = await self.station.shared.hashing.hash(password)
        self.station.remember()
        if self.current is secret:
            self.on_changed(secret.hash)

    def _await(self, password: bytes) -> None:
        """Know a password that the station may show one day."""
        secret = Secret(mark=passwords.fingerprint(password))
        self.coming = secret
        self.station.spawn(self._hash_coming(secret, password))

    async def _hash_coming(self, secret: Secret, password: bytes) -> None:
        secret.hash = await self.station.shared.hashing.hash(password)
        self.station.remember()

    @precedes("ChangeConfiguration", V16)
    @precedes("SetVariables", *V2)
    def on_sent(self, payload: Payload) -> None:
        """Know what the station will show should its answer be lost."""
        for password, _ in self._told(payload):
            self._await(password)

    @follows("ChangeConfiguration", V16)
    @follows("SetVariables", *V2)
    def on_accepted(self, payload: Payload, answer: Payload) -> None:
        """Have an accepted password for the only one, whoever sent it (A01.FR.03).

        A station that shows none as yet may go on without, until it shows it first: it may
        have to be told to by its security profile.
        """
        self._judge(payload, answer)

    @refused("ChangeConfiguration", V16)
    @refused("SetVariables", *V2)
    def on_rejected(self, payload: Payload, answer: Payload) -> None:
        """Keep the password where the station does not take the new one (A01.FR.04)."""
        self._judge(payload, answer)

    @property
    def _is_shown(self) -> bool:
        """Return whether the station shows a password, right or not."""
        arrival = self.station.security.arrival
        return self.is_set or (arrival is not None and arrival.shows_password)

    def _judge(self, payload: Payload, answer: Payload) -> None:
        for password, (kind, said) in self._told(payload, answer):
            if said == "Accepted" and kind != _OF_A_CONNECTION and self._is_shown:
                self._replace_with(password)
                self.station.security.on_told(self.current)
            elif said not in _AGREED and self.coming.known(password):
                self.coming = Secret()
                self.station.remember()

    @follows("SetNetworkProfile", V21)
    def on_connection(self, payload: Payload, answer: Payload) -> None:
        """Know the password of a connection that the station may use one day (B09)."""
        password = payload["connectionData"].get("basicAuthPassword")
        if password:
            self._await(password.encode())

    def _told(
        self, payload: Payload, answer: Payload | None = None
    ) -> Iterator[tuple[bytes, tuple[str, str]]]:
        """Yield the passwords in a command: of what, and what the station said of each.

        One that is empty is none.
        """
        if self.speaks_16:
            if payload["key"].casefold() == KEY:
                said = str((answer or {}).get("status"))
                if value := payload["value"]:
                    yield value.encode(), (KEY, said)
            return
        results = _results(answer or {})
        for item in payload["setVariableData"]:
            place = read_place(item)
            if place is None or read_type(item) != ACTUAL:
                continue
            key = place.key
            if key.variable != _PLACE.key.variable:
                continue
            if key.component in (_PLACE.key.component, _OF_A_CONNECTION):
                if value := read_value(item["attributeValue"]):
                    yield value.encode(), (key.component, results.get(key, ""))

    async def update(self, password: str | None = None) -> NewPassword:
        """Give the station a password, a random one where none is named (A01).

        Raises `InvalidPassword` where the station can't have it, and what
        `Sending.command` does.
        """
        longest = self._longest()
        if password is None:
            password = passwords.generate(longest)
        elif not passwords.fits(password, longest):
            raise InvalidPassword(passwords.SHORTEST, longest)
        if self.speaks_16:
            value = password.encode().hex().upper()
            answer = await self.command(
                "ChangeConfiguration", {"key": "AuthorizationKey", "value": value}
            )
            return NewPassword(password, str(answer["status"]))
        at_once = await self.station.device_model.set(_PLACE, password, anew=True)
        return NewPassword(password, "Accepted" if at_once else "RebootRequired")

    def _longest(self) -> int:
        """Return how many characters the station takes (A00.FR.205, A00.FR.304)."""
        if self.speaks_16:
            return passwords.LONGEST_16
        if self.station.version is not V21:
            return passwords.LONGEST_V2
        known = self.station.device_model.find(_PLACE)
        said = known.characteristics if known is not None else None
        if said is None or said.maximum is None:
            return passwords.LONGEST_V2
        within = max(passwords.LONGEST_V2, int(said.maximum))
        return min(within, passwords.LONGEST_V21)

    # --- getting to know it -------------------------------------------------------------

    def on_adopted(self) -> None:
        """Want a password of its own for a station that people have from now on (A01).

        Only where it showed one, so that it knows what a password is, and can be told
        another. Others may have no way back should one of them get lost.
        """
        self.wanted = self._is_shown

    async def prepare(self, *, booted: bool) -> None:
        """Give a station that is new here a password of its own, where it shows one."""
        if not self.wanted or self.is_set or self.station.options.quiet:
            return
        # Once is enough: whoever said no is not asked at every boot.
        self.wanted = False
        self.station.remember()
        await self.update()

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up what was kept; attempts count again where people changed the password."""
        self.coming = Secret(facts.get("coming", ""))
        self.wanted = bool(facts.get("wanted"))
        self.ignores_attempts = facts.get("blocked") == self.current.salt

    def facts(self) -> dict[str, Any]:
        """Keep a password that is not used yet, and until which one attempts are ignored."""
        kept: dict[str, Any] = {}
        if self.coming.hash:
            kept["coming"] = self.coming.hash
        if self.wanted:
            kept["wanted"] = True
        if self.ignores_attempts:
            kept["blocked"] = self.current.salt
        return kept


def _results(answer: Payload) -> dict[Any, str]:
    """Return what the station said of each variable."""
    told = answer.get("setVariableResult")
    return {
        place.key: str(item.get("attributeStatus"))
        for item in (told if isinstance(told, list) else ())
        if isinstance(item, dict) and (place := read_place(item)) is not None
    }
