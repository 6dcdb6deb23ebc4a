"""Functional block D: the local authorization list, kept in step with the listed cards."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from ...errors import (
    CommandFailed,
    CommandRejected,
    CommandTimedOut,
    NotSupported,
    OcppError,
    StationOffline,
)
from ...model import Payload, RegistrationStatus, Topic
from ...retries import Retries
from ...versions import V2, V16
from ..block import Block, follows
from . import v2, v16
from .changes import Listed, differences, in_parts, whole
from .cleared import Cleared, is_secret
from .spelling import Spelling

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

_LOGGER = logging.getLogger(__name__)

_LARGEST_VERSION = 2**31 - 1
# Far more messages than any list takes.
_MOST_AT_ONCE = 100_000
# In seconds: people who add one card add another.
_SOON = 2.0


class LocalList(Block):
    """Who may charge while the central system can't be asked."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin without knowing whether the station has a list."""
        super().__init__(station)
        # The version of the station's list, as it last said or accepted it; 0 of an empty one.
        self.version: int | None = None
        # How many cards did not fit in.
        self.left_out = 0
        # What the station accepted from here, and as which version; None where it is not
        # known what the list holds.
        self._ours: Listed | None = None
        self._ours_version = 0
        # Whether it was filled from here, also where it is not known with what.
        self._filled = False
        self._cleared = Cleared()
        self._sending: Payload | None = None
        # Whether it turned out, since the station booted, that it has no list.
        self._given_up = False
        self._asked_for_limits = False
        # The connection on which the station was prepared: before that it is left alone.
        self._prepared_on: object = None
        self._one_at_a_time = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        # On one connection, since it was prepared or people changed something.
        self._retries = Retries(self._try_again)
        self._task: asyncio.Task[None] | None = None

    # --- what is shown ------------------------------------------------------------------

    @property
    def cards(self) -> int | None:
        """Return how many cards the station's list holds, where that is known."""
        return len(self._ours) if self._ours is not None else None

    def _learn_version(self, version: int) -> None:
        if version < 0:
            # The specification's word for having no list.
            self._given_up = True
            return
        if self.version is None:
            self.changed(Topic.STRUCTURE)
        if version != self._ours_version:
            # Somebody else changed it, or it was lost.
            self._ours = None
            self._filled = False
        self.version = version
        self.changed(Topic.LOCAL_LIST)
        self.station.remember()

    @property
    def _spelling(self) -> Spelling:
        return v16 if self.speaks_16 else v2

    # --- when it is brought up to date --------------------------------------------------

    async def prepare(self, *, booted: bool) -> None:
        """Bring the list up to date; new firmware may have learnt to keep one."""
        if booted:
            self._given_up = self._asked_for_limits = False
        self._prepared_on = self.station.connected_at
        self._retries.begin_anew()
        await self._bring_up_to_date()

    def refresh(self) -> None:
        """Follow what people changed about cards, soon."""
        if self._cleared:
            self._cleared.taken_off(self._listed())
        if not self._may_be_sent():
            # It is looked after when it is prepared.
            return
        self._retries.begin_anew()
        if not self._one_at_a_time.locked() and self._is_in_step():
            return
        self._begin_soon()

    def _may_be_sent(self) -> bool:
        """Return whether the station was prepared, and may be sent something."""
        return (
            self.station.connected
            and not self.station.options.quiet
            and self.station.registration is RegistrationStatus.ACCEPTED
            and self._prepared_on is self.station.connected_at
        )

    def _is_in_step(self) -> bool:
        """Return whether nothing is to be done, as far as is known."""
        if self._ours is None:
            return not (self.station.options.local_list or self._filled)
        return not differences(self._ours, self._wanted())

    def _begin_soon(self) -> None:
        self._stop_timer()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_SOON, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if self._task is not None and not self._task.done():
            self._begin_soon()
        else:
            self._task = self.station.spawn(self._refresh())

    async def _refresh(self) -> None:
        try:
            await self._bring_up_to_date()
        except StationOffline:
            return
        except OcppError as error:
            self.station.note(f"local list: {type(error).__name__}")
        self.station.flush()

    def _try_again(self) -> None:
        if self._may_be_sent():
            self._begin_soon()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stop_timer()
        self._retries.stop()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- bringing it up to date ---------------------------------------------------------

    async def _bring_up_to_date(self) -> None:
        """Have the station list what it should; raises `OcppError`."""
        async with self._one_at_a_time:
            self._retries.stop()
            self._forget_other_spelling()
            if not self._is_kept():
                return
            try:
                if self.station.options.local_list:
                    await self._learn_limits()
                    await self._enable()
                await self._send_until_accepted()
            except NotSupported:
                self._given_up = True
                self.station.note("local list: not supported")
            except CommandFailed, CommandTimedOut:
                self._retries.later()
                raise

    def _is_kept(self) -> bool:
        """Return whether the station can have a list, and there is reason to send one.

        A list that was filled from here is emptied when people do not want it any more:
        nobody would take a card off it that is lost.
        """
        return (
            not self._given_up
            and bool(self.station.options.local_list or self._ours or self._filled)
            and self.sends("SendLocalList")
            and self.sends("GetLocalListVersion")
            and self._spelling.is_supported(self.station)
        )

    def _forget_other_spelling(self) -> None:
        """Begin anew where the station speaks another version than it did."""
        if self._ours and not all(map(self._spelling.is_entry, self._ours.values())):
            self._ours, self._filled = None, True

    async def _learn_limits(self) -> None:
        """Know how much the station takes."""
        if not self._asked_for_limits:
            self._asked_for_limits = True
            await self._spelling.learn(self)

    async def _enable(self) -> None:
        """Have the station use its list."""
        try:
            await self._spelling.enable(self.station)
        except CommandFailed, CommandRejected, NotSupported:
            self.station.note("local list: can not be enabled")

    async def _send_until_accepted(self) -> None:
        """Send what is different; the whole list once where the station does not follow."""
        version = await self._ask_version()
        try:
            await self._send(version)
            if self._ours is not None or not self._wanted():
                return
        except (CommandRejected, CommandFailed) as error:
            self.station.note(f"local list: {_word(error)}")
        # Not followed, or somebody else changed it in between.
        self._ours = None
        self._filled = True
        self.station.remember()
        await self._send(await self._ask_version())

    async def _ask_version(self) -> int:
        """Return the version of the station's list; raises `NotSupported` if it has none."""
        answer = await self.command("GetLocalListVersion", {})
        version = self._spelling.told_version(answer)
        if not isinstance(version, int) or version < 0:
            raise NotSupported("GetLocalListVersion")
        return version

    async def _send(self, version: int) -> None:
        wanted, spelling = self._wanted(), self._spelling
        number = max(version, self._ours_version)
        full = self._ours is None or number > _LARGEST_VERSION - _MOST_AT_ONCE
        if full and not version and not wanted:
            return
        changes = whole(wanted)
        if not full and self._ours is not None:
            changes = differences(self._ours, wanted)
        updates = in_parts(
            changes, spelling.limits(self.station), spelling.item, full=full
        )
        number = number if number <= _LARGEST_VERSION - _MOST_AT_ONCE else 0
        for index, update in enumerate(updates, 1):
            self._sending = spelling.send(number + index, update)
            await self.command("SendLocalList", self._sending)

    def _wanted(self) -> Listed:
        """Return what the list should hold, as far as there is room for it."""
        if not self.station.options.local_list:
            return {}
        listed = self._cleared.taken_off(self._listed())
        most = self._spelling.limits(self.station).listed
        if most is None:
            most = len(listed)
        self._leave_out(max(0, len(listed) - most), most)
        return dict(list(listed.items())[:most])

    def _listed(self) -> Listed:
        """Return every card as the list has it; those who may charge first.

        Cards that are listed but may not charge are in it as well, so that the station
        refuses them also where it accepts whoever it does not know.
        """
        authorization = self.station.authorization
        judged = [
            (id_token, authorization.authorize(id_token.token))
            for id_token in self.station.shared.id_tokens.all()
        ]
        judged.sort(key=lambda card: not card[1].accepted)
        listed: Listed = {}
        for id_token, info in judged:
            kept = self._spelling.entry(id_token, authorization.listed_info(info))
            if kept is None:
                self.station.note(
                    "local list: a card with too long a number"
                    if len(id_token.token) > self._spelling.LONGEST_TOKEN
                    else "local list: a card of a kind that stations do not list"
                )
            else:
                listed[id_token.token] = kept
        return listed

    def _leave_out(self, cards: int, most: int) -> None:
        if cards == self.left_out:
            return
        self.left_out = cards
        self.changed(Topic.LOCAL_LIST)
        if cards:
            self.station.note("local list: not all cards fit")
            _LOGGER.warning(
                "%s has room for %s cards in its local list; %s are not in it",
                self.station.identity,
                most,
                cards,
            )

    # --- what the station was told, whoever told it -------------------------------------

    @follows("GetLocalListVersion", V16, *V2)
    def on_version(self, payload: Payload, answer: Payload) -> None:
        """Know which version the station's list has (D02)."""
        version = self._spelling.told_version(answer)
        if isinstance(version, int):
            self._learn_version(version)

    @follows("SendLocalList", V16, *V2)
    def on_sent(self, payload: Payload, answer: Payload) -> None:
        """Know what the station lists from now on (D01)."""
        if payload is self._sending:
            self._commit(payload)
        else:
            self._ours, self._filled = None, False
        self._learn_version(self._spelling.sent_version(payload))

    def on_cleared(self, token: str) -> None:
        """Take a card off the list that the station was told to forget (N10.FR.02).

        It does not do that itself: only who sends the list changes it (N10.FR.03).
        """
        wanted = self.station.options.local_list
        if wanted and self._cleared.add(token, self._listed()):
            self.station.remember()
            self.refresh()

    def _commit(self, payload: Payload) -> None:
        if payload["updateType"] == "Full":
            self._ours, self._filled = {}, False
        if self._ours is None:
            return
        sent = dict(self._spelling.entries(payload))
        said = {token.casefold() for token in sent}
        self._ours = {
            token: kept
            for token, kept in self._ours.items()
            if token.casefold() not in said
        } | {token: kept for token, kept in sent.items() if kept is not None}
        self._ours_version = self._spelling.sent_version(payload)

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up what the station lists."""
        self.version = facts.get("version")
        self._ours = facts.get("ours")
        self._ours_version = facts.get("ours_version", 0)
        self._filled = facts.get("filled", False)
        self._cleared.recall(facts.get("cleared", {}))

    def facts(self) -> dict[str, Any]:
        """Keep what the station lists; a PIN is not written down (C04.FR.04)."""
        if self.version is None:
            return {}
        secret = any(map(is_secret, (self._ours or {}).values()))
        return {
            "version": self.version,
            "ours": None if secret else self._ours,
            "ours_version": self._ours_version,
            "filled": self._filled or secret,
            "cleared": self._cleared.facts(),
        }


def _word(error: CommandRejected | CommandFailed) -> str:
    """Return the station's word for no, where it is one of the specification's."""
    status = error.status if isinstance(error, CommandRejected) else ""
    return status if status in ("Failed", "VersionMismatch") else "refused"
