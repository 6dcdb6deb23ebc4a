"""One charging station: its state, its blocks, and its socket when it has one."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from . import chargers, lenient
from .blocks import renewal
from .chargers import Compatibility
from .clock import Order
from .errors import ErrorCode, MessageRefused, StationOffline
from .functional_blocks import FunctionalBlocks, Message
from .listeners import Listeners
from .memory import Memory
from .model import (
    MOST_EVSES,
    Answer,
    Options,
    Part,
    Payload,
    RegistrationStatus,
    StationInfo,
    StationSettings,
    Topic,
    utcnow,
)
from .preparation import Preparation
from .reports import Reports
from .rpc import Rpc
from .sending import Sending
from .shared import Shared
from .versions import V16, Version
from .wire import Socket

_MOST_NOTES = 200
_LAST_SEEN = Part(Topic.LAST_SEEN)


class Connection(Socket, Protocol):
    """A socket that can be closed."""

    def abort(self) -> None:
        """Close the socket without waiting for the other end."""


class ChargingStation(FunctionalBlocks, Listeners):
    """A charging station, connected or not.

    It exists from the moment it is configured, or first connects, and keeps its state
    while offline and over restarts.
    """

    def __init__(
        self,
        identity: str,
        *,
        settings: StationSettings,
        shared: Shared,
    ) -> None:
        """Build a station that is offline."""
        super().__init__()
        self.identity = identity
        self.settings = settings
        self.shared = shared
        self.store = shared.store
        self.tariff = shared.tariff
        self.version = V16
        # The numbers begin at 1, and every station has that one.
        self.evses: list[int] = [1]
        self.connected_at = utcnow()
        self.last_seen: datetime | None = None
        # Oddities of what the station sends, and how often: for diagnostics.
        self.notes: dict[str, int] = {}
        self.order = Order()
        # Whether people decided to have it. Of others only their transactions are kept.
        self.adopted = False
        # Called when a station that is not adopted said who it is.
        self.introduced: Callable[[], None] = lambda: None

        self.build_blocks(self)
        self.preparation = Preparation(self)
        self.memory = Memory(self)
        self.sending = Sending(self)
        self.reports = Reports(self)
        # How it is treated, and what that follows from.
        self._treated: (
            tuple[StationInfo | None, StationSettings, Compatibility] | None
        ) = None
        self._schemas = shared.schemas
        self._rpc: Rpc | None = None
        self._connection: Connection | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def options(self) -> Options:
        """Return how all stations are treated."""
        return self.shared.options

    @property
    def compatibility(self) -> Compatibility:
        """Return how the station has to be treated: as its model, or as people say."""
        info, settings = self.provisioning.info, self.settings
        known = self._treated
        if known is None or known[0] is not info or known[1] is not settings:
            treated = chargers.known(info or StationInfo())
            treated = replace(treated, **settings.compatibility)
            known = self._treated = info, settings, treated
        return known[2]

    # --- memory -------------------------------------------------------------------------

    async def load(self) -> None:
        """Take up what the store knows of the station, which is adopted from now on."""
        self.adopted = True
        await self.memory.load()
        self._changes.clear()

    async def save(self) -> None:
        """Store what must survive a restart, now."""
        await self.memory.save()

    def remember(self, *, within: float | None = None) -> None:
        """Have the state saved within some seconds: one, where nothing is said."""
        self.memory.remember(within=within)

    def remember_later(self) -> None:
        """Have saved what changes all the time."""
        self.memory.remember_later()

    # --- oddities -----------------------------------------------------------------------

    def note(self, oddity: str) -> None:
        """Count an oddity. The text never holds a value that the station sent."""
        if oddity in self.notes or len(self.notes) < _MOST_NOTES:
            self.notes[oddity] = self.notes.get(oddity, 0) + 1

    # --- EVSEs --------------------------------------------------------------------------

    @property
    def the_only_evse(self) -> int | None:
        """Return the EVSE of a station that has just one, as far as is known."""
        return self.evses[0] if len(self.evses) == 1 else None

    def has_room_for(self, evse: int) -> bool:
        """Return whether an EVSE of this number can be there."""
        return 0 <= evse <= MOST_EVSES

    def add_evse(self, evse: int) -> None:
        """Know of an EVSE from now on."""
        if evse and evse not in self.evses and self.has_room_for(evse):
            self.evses = sorted([*self.evses, evse])
            self.changed(Part(Topic.STRUCTURE))
            self.remember()

    # --- the socket ---------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Return whether the station has a socket."""
        return self._rpc is not None

    @property
    def present(self) -> bool:
        """Return whether there is more to do with it than to renew its certificate."""
        return self._rpc is not None and not self.renewal.going_on

    async def serve(self, connection: Connection, version: Version) -> None:
        """Talk to the station until the socket closes.

        A new socket replaces the one before, whose end then changes nothing.
        """
        self.disconnect()
        if version is not self.version:
            # What there is to show depends on it.
            self.version = version
            self.changed(Part(Topic.STRUCTURE))
            self.remember()
        self._rpc = rpc = Rpc(
            connection,
            version=version,
            handle=self._handle,
            answered=self.flush,
            note=self.note,
            timeout=self.options.call_timeout,
            repeatable={
                action
                for action, message in self.answering(version).items()
                if message.answers.repeatable
            },
        )
        self._connection = connection
        try:
            self._on_connected()
            await rpc.run()
        finally:
            if self._rpc is rpc:
                self._rpc = self._connection = None
                self._on_disconnected()

    def disconnect(self) -> None:
        """Close the socket and hear no more of it; the station will come back."""
        if self._rpc is not None:
            self._rpc.close()
        if self._connection is not None:
            self._connection.abort()

    def _on_connected(self) -> None:
        self.connected_at = self.last_seen = utcnow()
        self.order.restore()
        self.provisioning.booted.clear()
        self.remote_control.asked_for.clear()
        self.changed(Part(Topic.CONNECTION))
        self.changed(_LAST_SEEN)
        self.flush()
        # Most reconnect without booting. They get some time to do so all the same.
        self.preparation.begin_in(self.options.boot_grace, booted=False)

    def _on_disconnected(self) -> None:
        self.preparation.stop()
        self.changed(Part(Topic.CONNECTION))
        self.flush()

    # --- messages -----------------------------------------------------------------------

    def _handle(self, action: str, payload: Any) -> Answer:
        """Answer a CALL of the station."""
        self.heard()
        message = self.answering(self.version).get(action)
        if message is None:
            known = self._schemas[self.version].knows(action)
            self.note("unknown action" if not known else f"{action}: not supported")
            raise MessageRefused(
                ErrorCode.NOT_SUPPORTED if known else ErrorCode.NOT_IMPLEMENTED
            )
        if self.registration is not RegistrationStatus.ACCEPTED:
            self._check_admitted(message)
        name, function = message.method
        block, is_valid = self.blocks[name], message.answers.is_valid
        validator = self._schemas[self.version].requests[action]
        faults: tuple[lenient.Violation, ...] = ()
        if not isinstance(payload, dict) or not (
            validator.is_valid(payload)
            if is_valid is None
            else is_valid(block, payload, validator)
        ):
            payload, faults = self._repair(message, payload)
        answer = function(block, payload)
        if isinstance(answer, dict):
            # Most only say that the message came.
            return self._written(action, answer, faults) if answer else answer
        return self._written_later(action, answer, faults)

    def _written(
        self, action: str, answer: Payload, faults: tuple[lenient.Violation, ...]
    ) -> Payload:
        """Return an answer to a message with these faults as the station can read it."""
        responses = self._schemas[self.version].responses
        if faults and action in responses:
            # What repeats a part of the message would be as faulty as that.
            if not responses[action].is_valid(answer):
                raise MessageRefused(lenient.error_code(faults[0]), str(faults[0]))
        return self.sending.written(answer)

    async def _written_later(
        self,
        action: str,
        answer: Coroutine[Any, Any, Payload],
        faults: tuple[lenient.Violation, ...],
    ) -> Payload:
        return self._written(action, await answer, faults)

    def _repair(
        self, message: Message, payload: Any
    ) -> tuple[Payload, tuple[lenient.Violation, ...]]:
        """Repair a payload; refuse it only where what is left means nothing.

        Return also what could not be repaired.
        """
        action = message.answers.action
        repaired = lenient.repair(payload, self._schemas[self.version].requests[action])
        for note in repaired.notes:
            self.note(f"{action}: {note}")
        needs = message.answers.needs
        for violation in repaired.left:
            # A text that is too long, or a word that does not exist, still means something.
            if violation.kind not in ("required", "type") or len(violation.path) > 1:
                continue
            field = violation.path[0] if violation.path else violation.field
            if needs and (field in needs or not field):
                raise MessageRefused(lenient.error_code(violation), str(violation))
        return repaired.payload, repaired.left

    def _check_admitted(self, message: Message) -> None:
        """Refuse what a station that is not accepted has no business to send (B02.FR.09).

        Transactions exist whatever we think of the station, and are recorded, unless it is
        not certain that they are the station's (A00.FR.429).
        """
        action = message.answers.action
        if self.renewal.going_on:
            admitted = action in renewal.MESSAGES
        else:
            admitted = message.answers.always or action in self.remote_control.asked_for
        if not admitted:
            raise MessageRefused(ErrorCode.SECURITY_ERROR, "not accepted yet")

    def link(self) -> Rpc:
        """Return the socket's end here. Raises `StationOffline` when there is none."""
        if self._rpc is None:
            raise StationOffline
        return self._rpc

    def heard(self) -> None:
        """Note that the station lives."""
        self.last_seen = utcnow()
        self.changed(_LAST_SEEN)

    async def call(self, action: str, payload: Payload) -> Payload:
        """Send a command and return the answer, repaired where it can be.

        Raises what `Sending.exchange` does.
        """
        return (await self.sending.exchange(action, payload)).repaired

    # --- registration -------------------------------------------------------------------

    @property
    def registration(self) -> RegistrationStatus:
        """Return how the station is treated now: no better than people want it."""
        wanted = self.settings.registration
        if self.renewal.going_on and wanted is RegistrationStatus.ACCEPTED:
            return RegistrationStatus.PENDING
        return wanted

    def on_boot(self, status: RegistrationStatus) -> None:
        """Go on from a BootNotification that is answered with a status."""
        self.introduced()
        if status is RegistrationStatus.ACCEPTED or self.renewal.going_on:
            # Some stations fall silent over a command right behind the answer.
            self.preparation.begin_in(self.options.settle, booted=True)

    async def adopt(self, settings: StationSettings) -> None:
        """Be one of those that people decided to have, after having been a visitor."""
        self.adopted = True
        self.introduced = lambda: None
        self.passwords.on_adopted()
        await self.transactions.load()
        self.apply_settings(settings)
        self.remember()

    def apply_settings(self, settings: StationSettings) -> None:
        """Take over what people changed; a new registration takes effect at once."""
        before, self.settings = self.settings, settings
        if (
            before.registration is not settings.registration
            and settings.registration is RegistrationStatus.ACCEPTED
            and self.connected
        ):
            self.spawn(self.provisioning.admit())
        elif before.compatibility != settings.compatibility and self.connected:
            self.preparation.begin_in(0, booted=False)
        self.changed(Part(Topic.INFO))
        self.flush()

    # --- life ---------------------------------------------------------------------------

    def spawn[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do something in the background that ends with the station at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        """End everything and save."""
        self.memory.stop()
        self.preparation.stop()
        self.disconnect()
        self.device_model.stop()
        for block in (self.smart_charging, self.local_list, self.reservation):
            block.stop()
        for room in (self.tariffs, self.payment, self.transaction_limits):
            room.stop()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.memory.save()
