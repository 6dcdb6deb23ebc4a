"""Functional block K: smart charging. Limits that stations accept, and keep."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, override

from ...errors import CommandFailed, CommandRejected, NotSupported
from ...model import Limit, Payload, RateUnit, Topic, utcnow
from ...versions import V2, V16
from ..block import follows, precedes
from .doubt import Doubt
from .limits import is_for
from .needs import TRANSFER_MODES
from .priority import Priority
from .profiles import Purpose, Step, constant_limit, sent_limit, write_schedule
from .resuming import Resuming
from .returning import Returning
from .v2 import SOURCES

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

__all__ = ["SOURCES", "TRANSFER_MODES", "Purpose", "SmartCharging"]

# How long an accepted start may take to become a transaction.
_START_WITHIN = timedelta(minutes=5)


class _Start(NamedTuple):
    """A start that brings a profile along; None for a limit that can't be told."""

    profile: Payload
    limit: Limit | None
    at: datetime
    id_token: str = ""
    number: int | None = None


class SmartCharging(Priority, Doubt, Resuming, Returning):
    """The charging limits of a station and its EVSEs. EVSE 0 is the station as a whole."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with no limits and no profiles."""
        super().__init__(station)
        # The limits that go with starts, until their transaction is there.
        self._of_start: dict[int, _Start] = {}
        # When a start was last sent, and when the last session began on each EVSE.
        self._start_sent = utcnow()
        self._began: dict[int, datetime] = {}

    # --- limits -------------------------------------------------------------------------

    async def set_limit(
        self,
        evse: int,
        value: float,
        unit: RateUnit = RateUnit.AMPERE,
        *,
        phases: int | None = None,
        duration: int | None = None,
    ) -> Limit:
        """Limit an EVSE, or with EVSE 0 the station, and return what was accepted (K01).

        `value` is in ampere per phase or in watts in total; `duration` in seconds. An
        unchanged limit is not sent again. Raises `LimitTooHigh`, or any error of a command:
        what the last way to say it ended in.
        """
        self._check_maximum(value, unit, phases)
        async with self._order:
            self.station.link()
            present = self.limit(evse)
            if (
                present is not None
                and evse not in self._unsure
                and duration is None
                and present.until is None
                and (present.value, present.unit, present.phases)
                == (value, unit, phases)
            ):
                return present
            try:
                limit = await self._climb(evse, value, unit, phases, duration)
            except CommandRejected, CommandFailed, NotSupported:
                self._ladder.exhausted(
                    self._means(evse, self._purposes(evse), dynamic=duration is None)
                )
                raise
            self._contested.discard(evse)
            self._accept(evse, limit)
            self.on_limited(evse)
            return limit

    def on_boot(self, *, restarted: bool = True) -> None:
        """Count on nothing: not all stations remember limits over a restart."""
        if restarted:
            self.installed.forget_notices()
        self._ladder.try_again()
        self._sent_anew.clear()
        self._unsure.update(self.limits, self._standing)
        if restarted:
            self.on_interrupted()
            self.station.v2x.on_restart()

    @override
    async def prepare(self, *, booted: bool) -> None:
        """Tell a station its limits again that it may not hold any more.

        Then one of 2.x is asked what it holds besides.
        """
        for evse in list(self._standing | self.limits):
            limit = self.limits.get(evse) or self._standing.get(evse)
            if limit is not None and evse in self._unsure:
                await self._set_again(evse, limit)
        await self.read_profiles()

    def forget_what_worked(self) -> None:
        """Begin the ladder anew."""
        self._ladder.forget()

    @override
    def _phases_of_car(self, evse: int) -> int | None:
        needs = self.needs.get(evse)
        return needs.phases if needs is not None else None

    # --- sessions -----------------------------------------------------------------------

    def profile_of_start(self, evse: int, amperes: float) -> Payload:
        """Return the profile that goes with the start of a transaction (F01.FR.11).

        The limit is that of the transaction once it is there. EVSE 0 is any.
        """
        self._check_maximum(amperes, RateUnit.AMPERE)
        rung = self._ladder.for_start(self._means(evse, [Purpose.TRANSACTION]))
        wanted, sent = self._rates(rung, evse, amperes, RateUnit.AMPERE)
        limit = sent_limit(
            self._spelling.word(rung.purpose),
            rung,
            amperes,
            RateUnit.AMPERE,
            sent,
            lowered=sent < wanted,
        )
        written = self._profile(rung, evse, write_schedule(rung, [Step(0, sent)]))
        self._of_start[evse] = _Start(written, limit, utcnow())
        return written

    def on_start_refused(self, evse: int) -> None:
        """Wait no more for the transaction of a start."""
        self._of_start.pop(evse, None)

    @precedes("RemoteStartTransaction", V16)
    @precedes("RequestStartTransaction", *V2)
    def on_starting(self, payload: Payload) -> None:
        """Know which sessions began before a start was answered, and whose is its limit."""
        self._start_sent = utcnow()
        start = self._spelling.read_start(payload)
        expected = self._of_start.get(start.evse)
        if expected is not None and expected.profile is start.profile:
            self._of_start[start.evse] = expected._replace(
                id_token=start.id_token, number=start.number
            )

    @follows("RemoteStartTransaction", V16)
    @follows("RequestStartTransaction", *V2)
    def on_start_accepted(self, payload: Payload, answer: Payload) -> None:
        """Expect a profile that went along with a start, whoever sent it (K05)."""
        evse, written, id_token, number = self._spelling.read_start(payload)
        if written is None:
            # What was to go with one before it does not go with this one.
            self._of_start.pop(evse, None)
            return
        expected = self._of_start.get(evse)
        ours = expected is not None and expected.profile is written
        if not ours or expected is None:
            limit = constant_limit(written, self._spelling.schedules(written))
            expected = _Start(written, limit, utcnow(), id_token, number)
        # The transaction may be here before the answer is, and in 2.x before the start.
        for begun in [evse] if evse else self.station.evses:
            if self._has_begun(begun, expected, answer, ours=ours):
                self._of_start.pop(evse, None)
                self._begin_with(begun, expected)
                return
        self._of_start[evse] = expected

    def _has_begun(
        self, evse: int, start: _Start, answer: Payload, *, ours: bool
    ) -> bool:
        """Return whether the transaction that a start is for runs already."""
        running = self.station.transactions.running(evse)
        if running is not None and not self.speaks_16:
            # It is told which one it is; otherwise none began yet, or just now.
            if answer.get("transactionId") == running.id:
                return True
        at = self._began.get(evse)
        if ours or at is None or at < self._start_sent:
            return False
        return self._is_followed(start, evse)

    def _is_followed(self, start: _Start, evse: int) -> bool:
        """Return whether the session of an EVSE may be the one that a start asked for."""
        return self.station.transactions.may_follow(evse, start.id_token, start.number)

    def on_transaction_started(self, evse: int) -> None:
        """Bring the limit into a session unless the default profile already does.

        A profile of a transaction ended with it.
        """
        self._began[evse] = utcnow()
        self._end_negotiation(evse)
        self._end_priority(evse)
        self.installed.drop_session(evse)
        if self._take_start(evse):
            return
        limit = self._standing.get(evse)
        if (
            limit is None
            or self.station.options.quiet
            or is_for(limit, Purpose.STATION)
            or (self._defaults.get(evse) == limit and evse not in self._unsure)
        ):
            return
        self.station.spawn(self._set_again(evse, limit))

    def on_token(self, evse: int) -> None:
        """Know of the limit of a start, where the session is told only now to be its."""
        self._take_start(evse)

    def _take_start(self, evse: int) -> bool:
        """Return whether a session is that of a start with a limit, and know of that then."""
        for place in (evse, 0):
            expected = self._of_start.get(place)
            # A stranger's session leaves the limit to the start that it is for.
            if expected is not None and self._is_followed(expected, evse):
                del self._of_start[place]
                if utcnow() - expected.at < _START_WITHIN:
                    self._begin_with(evse, expected)
                    return True
        return False

    def _begin_with(self, evse: int, start: _Start) -> None:
        """Know of the profile that a session began with, and of its limit."""
        self._install(evse, start.profile, ours=start.limit is not None)
        if start.limit is None:
            self._untold.add(evse)
            self._lose(evse)
            return
        self.limits[evse] = start.limit
        self._judge()
        self.changed(Topic.LIMIT, evse)
        self.station.remember()

    def on_transaction_ended(self, evse: int) -> None:
        """Let a limit end with its session, where it was part of it."""
        self._end_negotiation(evse)
        self._end_priority(evse)
        self.installed.drop_session(evse)
        if evse in self._untold:
            self._untold.discard(evse)
            self._expire(evse)
            return
        limit = self.limits.get(evse)
        if limit is None or not is_for(limit, Purpose.TRANSACTION):
            return
        if limit is self._standing.get(evse):
            self._unsure.add(evse)
        else:
            self._expire(evse)
