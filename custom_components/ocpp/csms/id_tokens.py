"""The id tokens that people listed, and what is thought of any that is presented."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .model import DEFAULT_ID_TOKEN, IdTokenInfo, Options, utcnow

# What a token without a name shows of itself: people tell their cards apart by the end.
_SHOWN = 4
# The types that mean something here, as OCPP 2.x names them.
KEY_CODE = "KeyCode"
# What tokens are that only a central system knows.
CENTRAL = "Central"
NO_AUTHORIZATION = "NoAuthorization"
LOCAL = "Local"
# Readers name one card either way.
_CARDS = frozenset({"iso14443", "iso15693"})
# Types that can't be what is listed as another. Other words say nothing.
_TELLING = _CARDS | {
    *("directpayment", "emaid", "evccid", "keycode", "local", "macaddress"),
    *("noauthorization", "vin"),
}
# For how long a station keeps that it may charge what was told late.
_SHORTLY = timedelta(minutes=1)


class Purpose(StrEnum):
    """What a token was presented for."""

    AUTHORIZE = "authorize"
    START = "start"
    STOP = "stop"
    # Of batteries, in 2.1.
    SWAP = "swap"


@dataclass(frozen=True, kw_only=True)
class IdToken:
    """A token that people listed. `type` is named as OCPP 2.x does.

    `stations` are the identities, without letter case, of those it may charge at; at all
    where there are none. Tokens of one `group` may end each other's sessions. Those of a
    higher `priority`, from -9 to 9, are to charge first where power is short (K03).
    """

    token: str
    name: str
    type: str = "ISO14443"
    owner: str = ""
    valid_until: datetime | None = None
    blocked: bool = False
    group: str = ""
    stations: frozenset[str] = frozenset()
    priority: int = 0


@dataclass(frozen=True, kw_only=True)
class Presented:
    """A token at a station, and what is known of the circumstances.

    `known` where the token is listed or not is of no consequence: it is our own. `busy` where
    a session of it runs elsewhere. `session` is the token of the session that it would end.
    `type` is what the station says that it is: nothing in 1.6.
    """

    token: str
    station: str
    at: datetime
    purpose: Purpose
    type: str = ""
    ours: bool = False
    busy: bool = False
    session: str = ""


class IdTokens:
    """The listed tokens of a central system. Neither letter case nor blanks around matter."""

    def __init__(self) -> None:
        """Begin with none."""
        self._listed: dict[str, IdToken] = {}
        # How each group is written, by its name without letter case.
        self._groups: dict[str, str] = {}

    def replace(self, listed: Iterable[IdToken]) -> None:
        """Have exactly these from now on."""
        self._listed = {token_key(id_token.token): id_token for id_token in listed}
        self._groups = {}
        for id_token in self._listed.values():
            self._groups.setdefault(id_token.group.casefold(), id_token.group)

    def all(self) -> Iterable[IdToken]:
        """Return every listed token."""
        return self._listed.values()

    def find(self, token: str) -> IdToken | None:
        """Return a listed token."""
        return self._listed.get(token_key(token))

    def label(self, token: str) -> str:
        """Return what people may read of a token: its name, else its last characters."""
        if (listed := self.find(token)) is not None:
            return listed.name
        return token if token == DEFAULT_ID_TOKEN else masked(token)

    def accepts_unknown(self, options: Options) -> bool:
        """Return whether a token that is not listed may charge.

        Unless people decided: as long as none is listed, since nobody could charge else.
        """
        if options.accept_unknown is None:
            return not self._listed
        return options.accept_unknown

    def are_one_group(self, token: str, other: str) -> bool:
        """Return whether two tokens are the same, or both listed in the same group."""
        if token_key(token) == token_key(other):
            return True
        one, two = self.find(token), self.find(other)
        return (
            one is not None
            and two is not None
            and one.group != ""
            and one.group.casefold() == two.group.casefold()
        )

    def decide(self, presented: Presented, options: Options) -> IdTokenInfo:
        """Return what is thought of a presented token (C01).

        The group is written the same for all of its tokens: stations compare letters.
        """
        listed = self.find(presented.token)
        if listed is not None and not is_same_type(presented.type, listed.type):
            listed = None
        return IdTokenInfo(
            status=self._status(presented, listed, options),
            group=self._groups[listed.group.casefold()] if listed is not None else "",
            expires=listed.valid_until if listed is not None else None,
            priority=listed.priority if listed is not None else 0,
        )

    def _status(
        self, presented: Presented, listed: IdToken | None, options: Options
    ) -> str:
        if presented.ours:
            return "Accepted"
        if listed is None:
            if is_secret(presented.type):
                # Whoever guesses must not be right whatever the number (C04).
                return "Invalid"
            if not self.accepts_unknown(options):
                return "Unknown"
        elif listed.blocked:
            return "Blocked"
        elif listed.valid_until is not None and listed.valid_until <= presented.at:
            return "Expired"
        elif (
            listed.stations
            and presented.station.casefold() not in listed.stations
            # Whoever was let in is let out.
            and not self._ends_session(presented)
        ):
            return "NotAtThisLocation"
        # Only a start is refused for it: the answer to anything else goes to the station's
        # memory of cards, where it would stay.
        if (
            presented.purpose is Purpose.START
            and presented.busy
            and not options.concurrent_tx
        ):
            return "ConcurrentTx"
        return "Accepted"

    def _ends_session(self, presented: Presented) -> bool:
        return presented.session != "" and self.are_one_group(
            presented.token, presented.session
        )


def token_key(token: str) -> str:
    """Return what all spellings of a token have in common."""
    return token.strip().casefold()


def is_secret(kind: str) -> bool:
    """Return whether a token of a type lets in whoever reads it: a PIN (C04.FR.04)."""
    return kind.casefold() == KEY_CODE.casefold()


def is_same_type(presented: str, listed: str) -> bool:
    """Return whether a token can be the listed one, by what the station says it is.

    A PIN is none but a PIN; readers of cards name them in one way or another. 1.6 says
    nothing, and starts made here come back as what they were sent as.
    """
    one, other = presented.casefold(), listed.casefold()
    if one in _CARDS and other in _CARDS:
        return True
    return one == other or one not in _TELLING


def kept_until(info: IdTokenInfo) -> datetime | None:
    """Return until when a station may remember what is thought of a token (C10).

    One that expired after it was used, while the station was offline, is not accepted
    for long: without a moment, or with a past one, stations remember it for ever.
    """
    if info.expires is None or not info.accepted:
        return info.expires
    now = utcnow()
    return info.expires if info.expires > now else now + _SHORTLY


def masked(token: str) -> str:
    """Return the last characters of a token, never more than half of it."""
    shown = min(_SHOWN, len(token) // 2)
    return "…" + token[len(token) - shown :]
