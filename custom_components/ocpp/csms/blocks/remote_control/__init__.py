"""Functional block F: remote control. Start, stop, unlock, and ask for messages."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, override

from ...errors import (
    CommandFailed,
    CommandRejected,
    CommandTimedOut,
    NotSupported,
    OcppError,
    StationOffline,
)
from ...id_tokens import CENTRAL, IdToken, is_secret
from ...model import Limit, Payload, utcnow
from ...versions import V2, V16
from ..block import Block, Call, precedes
from . import v2, v16

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# What stations are asked for by other names than the message has.
_CALLED_OTHERWISE = dict.fromkeys(
    (
        "SignChargePointCertificate",
        "SignChargingStationCertificate",
        "SignCombinedCertificate",
        "SignV2GCertificate",
    ),
    "SignCertificate",
)

# How long people may take to plug a car in after a start was asked for.
_FOLLOWED_WITHIN = timedelta(minutes=5)
# More than anybody asks for within that time.
_MOST_EXPECTED = 100
# In seconds: how long the limit of a session holds where it can't end with the session.
_LONGEST_SESSION = 86_400


class _LimitToCome(NamedTuple):
    """A limit in ampere, others, and the start whose session they are for."""

    amperes: float | None
    at: datetime
    id_token: str
    number: int | None
    others: Mapping[str, float]


class _Request(NamedTuple):
    at: datetime
    id_token: str


class Spelling(Protocol):
    """How a version spells remote control."""

    LONGEST_TOKEN: int

    def start(
        self, id_token: IdToken, evse: int | None, profile: Payload | None
    ) -> Call:
        """Spell a start."""

    def stop(self, transaction_id: str) -> Call:
        """Spell an end."""

    def unlock(self, evse: int, connector: int) -> Call:
        """Spell a release of the cable."""

    def trigger(self, message: str, evse: int | None, connector: int | None) -> Call:
        """Spell the wish for a message."""


class RemoteControl(Block):
    """What people could do at the charger, done from here."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing asked for."""
        super().__init__(station)
        # Messages we asked for: a station that is Pending may send these and no others.
        self.asked_for: set[str] = set()
        # The tokens of the starts that were asked for, without letter case.
        self._starts: dict[str, datetime] = {}
        # Those that 2.x was asked for and has not begun, by their numbers.
        self._requested: dict[int, _Request] = {}
        # Limits in ampere for sessions to come that could not go along with their starts;
        # EVSE 0 is any.
        self._limits_to_come: dict[int, _LimitToCome] = {}
        # When limits end at the latest that came behind such a start, and go with its
        # session; by EVSE.
        self._limits_of_sessions: dict[int, datetime] = {}

    async def start(
        self,
        evse: int | None,
        *,
        id_token: str | None = None,
        limit: float | None = None,
        limits: Mapping[str, float] | None = None,
    ) -> None:
        """Ask the station to start a transaction (F01, F02, F07).

        Without an EVSE the station chooses. `limit` is in ampere and holds for this
        transaction only, as do the `limits` of its energy, cost, time and state of charge.
        Accepted means that it will try: the transaction is there when the station says so.
        """
        self.station.transaction_limits.check(limits or {})
        self.station.link()
        sent_profile: Payload | None = None
        id_token = id_token or self._default_token()
        self._limits_to_come.pop(evse or 0, None)
        if limit is not None:
            # Whether the limit is allowed is found out here in any case.
            profile = self.station.smart_charging.profile_of_start(evse or 0, limit)
            if self.station.compatibility.start_with_profile:
                sent_profile = profile
            else:
                self.station.smart_charging.on_start_refused(evse or 0)
        listed = self.station.shared.id_tokens.find(id_token)
        call = self._spelling.start(
            listed or IdToken(token=id_token, name="", type=CENTRAL), evse, sent_profile
        )
        number, amperes = call.payload.get("remoteStartId"), limit
        if sent_profile is not None:
            amperes = None
        if amperes is not None or limits:
            self._limits_to_come[evse or 0] = _LimitToCome(
                amperes, utcnow(), id_token, number, dict(limits or {})
            )
            self.station.remember()
        try:
            await self.command(*call)
        except OcppError as error:
            # What was not answered may have been heard all the same.
            if not isinstance(error, (CommandTimedOut, StationOffline)):
                self._limits_to_come.pop(evse or 0, None)
                self.station.remember()
            self.station.smart_charging.on_start_refused(evse or 0)
            raise

    def on_transaction_started(self, evse: int) -> None:
        """Limit a session whose start could not bring its limit along."""
        for place in (evse, 0):
            expected = self._limits_to_come.get(place)
            if expected is None or not self.station.transactions.may_follow(
                evse, expected.id_token, expected.number
            ):
                continue
            del self._limits_to_come[place]
            self.station.remember()
            if utcnow() - expected.at > _FOLLOWED_WITHIN:
                continue
            if expected.others:
                self.station.transaction_limits.of_start(evse, expected.others)
            if expected.amperes is not None:
                self.station.spawn(self._limit_session(evse, expected.amperes))
            return

    def on_token(self, evse: int) -> None:
        """Limit a session that is told only now to be that of a start."""
        self.on_transaction_started(evse)

    async def _limit_session(self, evse: int, amperes: float) -> None:
        running = self.station.transactions.running
        session = running(evse)
        try:
            # For some time, so that it takes no other limit's place.
            limit = await self.station.smart_charging.set_limit(
                evse, amperes, duration=_LONGEST_SESSION
            )
        except OcppError as error:
            self.station.note(f"limit of a start: {type(error).__name__}")
        else:
            now = running(evse)
            if session is None or now is None or now.number != session.number:
                # It ended before the station answered.
                await self._end_limit(evse, limit)
            elif limit.until is not None:
                self._limits_of_sessions[evse] = limit.until
                self.station.remember()
        self.station.flush()

    def on_transaction_ended(self, evse: int) -> None:
        """End a limit with its session that the station does not end by itself."""
        until = self._limits_of_sessions.pop(evse, None)
        limit = self.station.smart_charging.limits.get(evse)
        if until is not None and limit is not None and limit.until == until:
            self.station.spawn(self._end_limit(evse, limit))

    async def _end_limit(self, evse: int, limit: Limit) -> None:
        try:
            # What stood before stands again when this one is over.
            await self.station.smart_charging.set_limit(
                evse, limit.value, limit.unit, phases=limit.phases, duration=1
            )
        except OcppError as error:
            self.station.note(f"limit of a start: {type(error).__name__}")
        self.station.flush()

    @override
    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which limits go with a session, or will."""
        self._limits_of_sessions = {
            int(evse): datetime.fromisoformat(until)
            for evse, until in facts.get("limits", {}).items()
        }
        self._limits_to_come = {
            int(evse): _LimitToCome(**kept | {"at": datetime.fromisoformat(kept["at"])})
            for evse, kept in facts.get("to_come", {}).items()
        }

    @override
    def facts(self) -> dict[str, Any]:
        """Keep which limits go with a session, or will."""
        limits = {
            str(evse): until.isoformat()
            for evse, until in self._limits_of_sessions.items()
        }
        to_come = {
            str(evse): expected._asdict() | {"at": expected.at.isoformat()}
            for evse, expected in self._limits_to_come.items()
            if utcnow() - expected.at <= _FOLLOWED_WITHIN
            and not self._is_secret(expected.id_token)
        }
        kept = {"limits": limits, "to_come": to_come}
        return {name: those for name, those in kept.items() if those}

    def _is_secret(self, id_token: str) -> bool:
        """Return whether a token is a PIN, of which nothing is kept (C04.FR.04)."""
        listed = self.station.shared.id_tokens.find(id_token)
        return listed is not None and is_secret(listed.type)

    @precedes("RemoteStartTransaction", V16)
    def on_starting(self, payload: Payload) -> None:
        """Expect the transaction, which can be here before the answer is."""
        self._expect(payload["idTag"], utcnow())

    @precedes("RequestStartTransaction", *V2)
    def on_requesting_start(self, payload: Payload) -> None:
        """Expect the transaction, which can be here before the answer is."""
        now, id_token = utcnow(), payload["idToken"]["idToken"]
        # Of a PIN nothing is kept (C04.FR.04).
        kept = "" if is_secret(payload["idToken"]["type"]) else id_token
        self._requested = {
            number: asked
            for number, asked in self._requested.items()
            if now - asked.at <= _FOLLOWED_WITHIN
        }
        self._requested[payload["remoteStartId"]] = _Request(now, kept)
        _leave_the_newest(self._requested)
        self._expect(id_token, now)

    def _expect(self, id_token: str, now: datetime) -> None:
        self._starts = {
            token: asked
            for token, asked in self._starts.items()
            if now - asked <= _FOLLOWED_WITHIN
        }
        self._starts[id_token.casefold()] = now
        _leave_the_newest(self._starts)

    def token_of(self, remote_start: int | None) -> str | None:
        """Return the token of a start that was asked for by this number (F01.FR.25)."""
        asked = None if remote_start is None else self._requested.get(remote_start)
        return None if asked is None else asked.id_token

    def _default_token(self) -> str:
        """Return the token to start with, which some stations prescribe."""
        # Alfen only starts with the token its own plug-and-charge uses.
        prescribed = self.station.provisioning.value("PlugAndChargeIdentifier")
        own = (
            self.station.settings.id_token
            or self.station.compatibility.id_token
            or self.station.options.id_token
        )
        return (prescribed or own)[: self._spelling.LONGEST_TOKEN]

    def is_default(self, id_token: str) -> bool:
        """Return whether starts that name no card are done with this token (C05)."""
        return id_token.casefold() == self._default_token().casefold()

    def has_started(self, id_token: str) -> bool:
        """Return whether a start with this token was asked for just now."""
        asked = self._starts.get(id_token.casefold())
        return asked is not None and utcnow() - asked <= _FOLLOWED_WITHIN

    async def stop(self, evse: int | None = None) -> None:
        """Ask the station to end the running transaction (F03).

        Raises `NoTransaction` when none runs there, or more than one on the station.
        """
        self.station.link()
        transactions = self.station.transactions
        running = transactions.the_running(evse)
        await self.stop_transaction(transactions.called(running))

    async def stop_transaction(self, transaction_id: str) -> None:
        """Ask the station to end a transaction, also one that nobody here knows of."""
        await self.command(*self._spelling.stop(transaction_id))

    async def unlock(self, evse: int) -> None:
        """Release the cable (F05)."""
        connector = self.station.availability.plugged_connector(evse)
        await self.command(*self._spelling.unlock(evse, connector))

    async def trigger(
        self, message: str, evse: int | None = None, connector: int | None = None
    ) -> None:
        """Ask the station to send a message now (F06).

        Raises `NotSupported` where its model is not to be asked for that one.
        """
        if message in self.station.compatibility.never_triggered:
            raise NotSupported("TriggerMessage")
        await self.command(*self._spelling.trigger(message, evse, connector))

    @property
    def _spelling(self) -> Spelling:
        return v16 if self.speaks_16 else v2

    @precedes("TriggerMessage", V16, *V2)
    @precedes("ExtendedTriggerMessage", V16)
    def on_asking(self, payload: Payload) -> None:
        """Expect the message, which can be here before the answer is."""
        message: str = payload["requestedMessage"]
        self.asked_for.add(_CALLED_OTHERWISE.get(message, message))

    async def ask_for(
        self, message: str, evse: int | None = None, connector: int | None = None
    ) -> bool:
        """Ask for a message where the station can be asked; return whether it agreed.

        Raises only what makes asking further pointless: `StationOffline` and
        `CommandTimedOut`.
        """
        if not self.station.provisioning.supports("RemoteTrigger"):
            return False
        try:
            await self.trigger(message, evse, connector)
        except CommandRejected, CommandFailed, NotSupported:
            return False
        return True


def _leave_the_newest(expected: dict[Any, Any]) -> None:
    """Expect no more than so much, in the order that it was asked for."""
    while len(expected) > _MOST_EXPECTED:
        del expected[next(iter(expected))]
