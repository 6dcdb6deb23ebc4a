"""Functional block D: the local authorization list, kept in step with the listed cards."""

import asyncio
from itertools import batched
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import (
    CommandFailed,
    CommandRejected,
    NotSupported,
    OcppError,
    StationOffline,
)
from ..model import IdTokenInfo, Payload, RegistrationStatus, Topic
from ..versions import V16
from .block import Block, follows

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

type Listed = dict[str, Payload]

_LOGGER = logging.getLogger(__name__)

_PROFILE = "LocalAuthListManagement"
_ENABLED = "LocalAuthListEnabled"
_MOST_AT_ONCE = "SendLocalListMaxLength"
_MOST_LISTED = "LocalAuthListMaxLength"
_LONGEST_TOKEN_OF_16 = 20
# For stations that do not say how much they take: the smallest buffers hold about as many.
_USUAL_AT_ONCE = 20
_SANE = 100_000
_LARGEST_VERSION = 2**31 - 1
# In seconds: people who add one card add another.
_SOON = 2.0


class _Update(NamedTuple):
    """One SendLocalList: the whole list, or what is different. None removes a card."""

    full: bool
    cards: dict[str, Payload | None]


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
        self._sending: Payload | None = None
        # Whether it turned out, since the station booted, that it has no list.
        self._given_up = False
        self._asked_for_limits = False
        # The connection on which the station was prepared: before that it is left alone.
        self._prepared_on: object = None
        self._one_at_a_time = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
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
        self.version = version
        self.changed(Topic.LOCAL_LIST)
        self.station.remember()

    # --- when it is brought up to date --------------------------------------------------

    async def prepare(self, *, booted: bool) -> None:
        """Bring the list up to date; new firmware may have learnt to keep one."""
        if booted:
            self._given_up = self._asked_for_limits = False
        self._prepared_on = self.station.connected_at
        await self._bring_up_to_date()

    def refresh(self) -> None:
        """Follow what people changed about cards, soon."""
        if (
            not self.station.connected
            or self.station.options.quiet
            or self.station.settings.registration is not RegistrationStatus.ACCEPTED
            or self._prepared_on is not self.station.connected_at
        ):
            # It is looked after when it is prepared.
            return
        if not self._one_at_a_time.locked() and self._is_in_step():
            return
        self._begin_soon()

    def _is_in_step(self) -> bool:
        """Return whether nothing is to be done, as far as is known."""
        if self._ours is None:
            return not self.station.options.local_list
        return not _differences(self._ours, self._wanted(), _SANE)

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

    def stop(self) -> None:
        """Begin nothing more."""
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- bringing it up to date ---------------------------------------------------------

    async def _bring_up_to_date(self) -> None:
        """Have the station list what it should; raises `OcppError`."""
        async with self._one_at_a_time:
            wanted_at_all = self.station.options.local_list
            # A list that was filled from here is emptied when people do not want it any
            # more: nobody would take a card off it that is lost.
            if (
                self._given_up
                or not (wanted_at_all or self._ours)
                or not self.station.provisioning.supports(_PROFILE)
            ):
                return
            try:
                if wanted_at_all:
                    await self._learn_limits()
                    await self._enable()
                await self._send_until_accepted()
            except NotSupported:
                self._given_up = True
                self.station.note("local list: not supported")

    async def _learn_limits(self) -> None:
        """Ask for what the station did not tell with the rest of its configuration."""
        provisioning = self.station.provisioning
        keys = [
            key
            for key in (_ENABLED, _MOST_AT_ONCE, _MOST_LISTED)
            if provisioning.value(key) is None
        ]
        if not keys or self._asked_for_limits:
            return
        self._asked_for_limits = True
        try:
            await self.command("GetConfiguration", {"key": keys})
        except CommandFailed, NotSupported:
            self.station.note("local list: limits unknown")

    async def _enable(self) -> None:
        """Have the station use its list."""
        known = self.station.provisioning.keys.get(_ENABLED)
        if known is None or known.readonly or known.value.casefold() != "false":
            return
        try:
            await self.station.provisioning.write(_ENABLED, "true")
        except CommandFailed, CommandRejected, NotSupported:
            self.station.note("local list: can not be enabled")

    async def _send_until_accepted(self) -> None:
        """Send what is different; the whole list once where the station does not follow."""
        version = await self._ask_version()
        try:
            await self._send(version)
            if self._ours is not None or not self._wanted():
                return
        except CommandRejected as error:
            self.station.note(f"local list: {_word(error)}")
        # Not followed, or somebody else changed it in between.
        self._ours = None
        self.station.remember()
        await self._send(await self._ask_version())

    async def _ask_version(self) -> int:
        """Return the version of the station's list; raises `NotSupported` if it has none."""
        answer = await self.command("GetLocalListVersion", {})
        version = answer.get("listVersion")
        if not isinstance(version, int) or version < 0:
            raise NotSupported("GetLocalListVersion")
        return version

    async def _send(self, version: int) -> None:
        wanted = self._wanted()
        at_once = self.station.provisioning.number(
            _MOST_AT_ONCE, _USUAL_AT_ONCE, at_most=_SANE
        )
        number = max(version, self._ours_version)
        if self._ours is None or number > _LARGEST_VERSION - _SANE:
            if not version and not wanted:
                return
            updates = _whole(wanted, at_once or _USUAL_AT_ONCE)
            number = number if number <= _LARGEST_VERSION - _SANE else 0
        else:
            updates = _differences(self._ours, wanted, at_once or _USUAL_AT_ONCE)
        for index, update in enumerate(updates, 1):
            self._sending = _spell(number + index, update)
            await self.command("SendLocalList", self._sending)

    def _wanted(self) -> Listed:
        """Return what the list should hold; those who may charge first.

        Cards that are listed but may not charge are in it as well, so that the station
        refuses them also where it accepts whoever it does not know.
        """
        if not self.station.options.local_list:
            return {}
        judged = [
            (id_token.token, self.station.authorization.authorize(id_token.token))
            for id_token in self.station.shared.id_tokens.all()
        ]
        judged.sort(key=lambda card: not card[1].accepted)
        listed = {
            token: self._info(info)
            for token, info in judged
            if 0 < len(token) <= _LONGEST_TOKEN_OF_16
        }
        if len(listed) < len(judged):
            self.station.note("local list: a card with too long a number")
        most = self.station.provisioning.number(
            _MOST_LISTED, len(listed), at_most=_SANE
        )
        self._leave_out(max(0, len(listed) - most), most)
        return dict(list(listed.items())[:most])

    def _info(self, info: IdTokenInfo) -> Payload:
        return self.station.authorization.id_tag_info(info)

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

    @follows("GetLocalListVersion", V16)
    def on_version(self, payload: Payload, answer: Payload) -> None:
        """Know which version the station's list has (D02)."""
        version = answer.get("listVersion")
        if isinstance(version, int):
            self._learn_version(version)

    @follows("SendLocalList", V16)
    def on_sent(self, payload: Payload, answer: Payload) -> None:
        """Know what the station lists from now on (D01)."""
        if payload is self._sending:
            self._commit(payload)
        else:
            self._ours = None
        self._learn_version(payload["listVersion"])

    def _commit(self, payload: Payload) -> None:
        if payload["updateType"] == "Full":
            self._ours = {}
        if self._ours is None:
            return
        entries = payload.get("localAuthorizationList", ())
        said = {entry["idTag"].casefold() for entry in entries}
        self._ours = {
            token: info
            for token, info in self._ours.items()
            if token.casefold() not in said
        } | {
            entry["idTag"]: entry["idTagInfo"]
            for entry in entries
            if "idTagInfo" in entry
        }
        self._ours_version = payload["listVersion"]

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up what the station lists."""
        self.version = facts.get("version")
        self._ours = facts.get("ours")
        self._ours_version = facts.get("ours_version", 0)

    def facts(self) -> dict[str, Any]:
        """Keep what the station lists."""
        if self.version is None:
            return {}
        return {
            "version": self.version,
            "ours": self._ours,
            "ours_version": self._ours_version,
        }


def _whole(wanted: Listed, at_once: int) -> list[_Update]:
    """Return what replaces a list, in parts of a length that the station takes."""
    parts = [dict(part) for part in batched(wanted.items(), at_once, strict=False)]
    return [_Update(not index, {**part}) for index, part in enumerate(parts or [{}])]


def _differences(ours: Listed, wanted: Listed, at_once: int) -> list[_Update]:
    """Return what makes one list the other; removals first, since they make room.

    Letter case does not tell two cards apart.
    """
    there = {token.casefold(): info for token, info in ours.items()}
    stay = {token.casefold() for token in wanted}
    changes: dict[str, Payload | None] = {
        token: None for token in ours if token.casefold() not in stay
    }
    changes |= {
        token: info
        for token, info in wanted.items()
        if there.get(token.casefold()) != info
    }
    return [
        _Update(False, dict(part))
        for part in batched(changes.items(), at_once, strict=False)
    ]


def _spell(number: int, update: _Update) -> Payload:
    """Write a SendLocalList of 1.6; without any card it empties the list."""
    payload: Payload = {
        "listVersion": number,
        "updateType": "Full" if update.full else "Differential",
    }
    if update.cards:
        payload["localAuthorizationList"] = [
            {"idTag": token} if info is None else {"idTag": token, "idTagInfo": info}
            for token, info in update.cards.items()
        ]
    return payload


def _word(error: CommandRejected) -> str:
    """Return the station's word for no, where it is one of the specification's."""
    known = error.status in ("Failed", "VersionMismatch")
    return error.status if known else "refused"
