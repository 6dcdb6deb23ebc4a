"""Functional block B: the device model of 2.x. What a station is made of, and how it is set."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from ...clock import Moment, moment
from ...errors import CommandFailed, CommandRejected, NotSupported
from ...model import Payload, utcnow
from ...numbers import next_number
from ...places import read_place, read_type, read_value, spell
from ...variables import ACTUAL, READ_ONLY, Place, Where, as_number, at
from ...versions import V2, V21
from ..block import answers, follows
from .batches import LISTINGS, USUAL_ITEMS, first_batch, joined, limit_places
from .inventory import FULL, Inventory
from .known import STEP, Known, part
from .needed import NEEDED
from .network import whole
from .v2 import read_variable

if TYPE_CHECKING:
    from ...charging_station import ChargingStation
    from ...sending import Answer

__all__ = ["DeviceModel", "Inventory", "part"]

_SANE = 100_000
# What stations say to more items than they take; each has its own word for it.
_TOO_MUCH = frozenset(
    {
        *("OccurrenceConstraintViolation", "OccurenceConstraintViolation"),
        *("FormatViolation", "FormationViolation", "PropertyConstraintViolation"),
    }
)
_ABSENT = frozenset({"UnknownComponent", "UnknownVariable"})
_AVAILABILITY = frozenset({"chargingstation", "evse", "connector"})


class DeviceModel(Known):
    """The components and variables of a station, by place, as far as it told them."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin without any."""
        super().__init__(station)
        # What a report told that is being gathered.
        self._heard: set[Place] | None = None

    # --- reading and writing ------------------------------------------------------------

    async def read(
        self, component: str, variable: str, **where: Unpack[Where]
    ) -> str | None:
        """Ask the station for a variable (B06); None where it has no such variable.

        Raises what `exchange` does.
        """
        place = at(component, variable, **where)
        await self.read_all((place,))
        known = self.find(place)
        return known.value if known is not None else None

    async def read_all(self, places: Iterable[Place]) -> None:
        """Ask the station for variables, some of which it may not have (B06).

        Raises what `exchange` does, and `NotSupported` where it can't be asked at all.
        """
        wanted = [spell(place) for place in places]
        if wanted:
            await self._command("GetVariables", {"getVariableData": wanted})

    async def write(
        self, component: str, variable: str, value: str, **where: Unpack[Where]
    ) -> bool:
        """Set a variable unless it has that value (B05).

        Return false when the station only follows after a reboot. Raises `CommandRejected`
        when it does not want to, `NotSupported` when it has no such variable, and what
        `exchange` does.
        """
        return await self.set(at(component, variable, **where), value)

    async def set(
        self,
        place: Place,
        value: str,
        *,
        attribute: str = ACTUAL,
        anew: bool = False,
    ) -> bool:
        """Set an attribute of a variable, as `write` does.

        With `anew` also one that has that value, as far as is known.
        """
        known = self.find(place)
        present = known.attribute(attribute) if known is not None else None
        if present is not None:
            if present.value == value and not anew:
                return place.key not in self.after_reboot
            if present.mutability == READ_ONLY:
                raise CommandRejected("SetVariables", "read-only")
        item = spell(known.place if known is not None else place)
        item["attributeValue"] = value
        if attribute != ACTUAL:
            item["attributeType"] = attribute
        answer = await self._command("SetVariables", {"setVariableData": [item]})
        result = next(_results(answer, "setVariableResult"), {})
        return bool(_status(result) != "RebootRequired")

    async def _command(self, action: str, payload: Payload) -> Payload:
        """Send a command of our own; return the answer when something was accepted."""
        if not self.sends(action):
            raise NotSupported(action)
        return (await self.command_in_parts(action, payload)).repaired

    async def command_in_parts(self, action: str, payload: Payload) -> Answer:
        """Do what `exchange` does, and raise where nothing of it was accepted.

        Raises what `Sending.command` does.
        """
        return await self.station.sending.judged(action, self.exchange(action, payload))

    async def exchange(self, action: str, payload: Payload) -> Answer:
        """Send a command about many items in as many messages as the station needs.

        The answer is one: those of the messages together. Raises what `Sending.exchange`
        does; a later message may fail after those before it were followed.
        """
        sending = self.station.sending
        if action == "SetVariables" and self.station.version is V21:
            # What is not valid is so before anything of it is read.
            self.station.shared.schemas[V21].check_request(action, payload)
            payload = whole(self, payload)
        listing = LISTINGS.get(action)
        items = payload.get(listing.items) if listing is not None else None
        if listing is None or not isinstance(items, list) or len(items) < 2:
            return await sending.exchange(action, payload)
        # What is not valid is so before anything of it is sent.
        self.station.shared.schemas[self.station.version].check_request(action, payload)
        answers: list[Answer] = []
        done = 0
        while done < len(items):
            most, most_bytes = self._limits(action)
            count = first_batch(listing, items[done:], most, most_bytes)
            message = payload | {listing.items: items[done : done + count]}
            if done and "requestId" in message:
                message["requestId"] = next_number()
            try:
                answers.append(await sending.exchange(action, message))
            except CommandFailed as error:
                if count == 1 or error.code not in _TOO_MUCH:
                    raise
                self._learnt[action] = count // 2
                self.station.remember()
            else:
                done += count
        return self.as_one(action, answers)

    def in_parts(self, action: str, payload: Payload) -> list[Payload]:
        """Return a command as the messages that the station takes (B08.FR.06).

        Raises `InvalidRequest` where it is not valid and takes more than one.
        """
        listing = LISTINGS.get(action)
        items = payload.get(listing.items) if listing is not None else None
        if listing is None or not isinstance(items, list) or len(items) < 2:
            return [payload]
        self.station.shared.schemas[self.station.version].check_request(action, payload)
        messages: list[Payload] = []
        while items:
            count = first_batch(listing, items, *self._limits(action))
            number = {"requestId": next_number()} if messages else {}
            messages.append(payload | {listing.items: items[:count]} | number)
            items = items[count:]
        return messages

    def as_one(self, action: str, answers: Sequence[Answer]) -> Answer:
        """Return the answers to the messages of a command as if they were one."""
        if len(answers) == 1:
            return answers[0]
        listing = LISTINGS[action]
        return answers[0]._replace(
            raw=joined(listing, [answer.raw for answer in answers]),
            repaired=joined(listing, [answer.repaired for answer in answers]),
        )

    def most_items(self, action: str) -> int:
        """Return how many items a message may have."""
        return self._limits(action)[0]

    def _limits(self, action: str) -> tuple[int, int]:
        """Return how many items and bytes a message may have; 0 bytes is any number."""
        items, size = (
            as_number(known.value) if (known := self.find(place)) is not None else None
            for place in limit_places(action)
        )
        most = int(items) if items and 1 <= items <= _SANE else USUAL_ITEMS
        most = min(most, self._learnt.get(action, most))
        return most, int(size) if size and size >= 1 else 0

    # --- what the station tells ---------------------------------------------------------

    @answers("NotifyReport", *V2, repeatable=True)
    async def on_report(self, payload: Payload) -> Payload:
        """Take up a part of a report, also one that nobody asked for (B07, B08)."""
        told = payload.get("reportData")
        said = moment(payload.get("generatedAt"))
        for number, item in enumerate(told if isinstance(told, list) else (), 1):
            self._take(item, said)
            if number % STEP == 0:
                await asyncio.sleep(0)
        self.station.reports.take("NotifyReport", payload)
        self._show(at_once=not payload.get("tbc"))
        return {}

    def _take(self, item: Any, said: Moment) -> None:
        """Take up one item of a report."""
        news = read_variable(item)
        if news is None:
            self.station.note("NotifyReport: not a variable")
            return
        key = news.place.key
        if self._heard is not None:
            self._heard.add(key)
        before = self.variables.get(key)
        self._know(key, before.merged(news) if before is not None else news)
        self._tell_others(news.place, news.value, said)

    def _tell_others(self, place: Place, value: str | None, said: Moment) -> None:
        """Have the EVSEs and the states of connectors known that the model names."""
        if place.evse:
            self.station.add_evse(place.evse)
        if (
            value
            and place.variable.casefold() == "availabilitystate"
            and place.component.casefold() in _AVAILABILITY
        ):
            self.station.availability.on_availability_state(
                place.evse, place.connector, value, said
            )

    @follows("GetVariables", *V2)
    def on_read(self, payload: Payload, answer: Payload) -> None:
        """Know what a variable is, whoever asked (B06)."""
        said = Moment(utcnow(), dated=False)
        for result in _results(answer, "getVariableResult"):
            if (place := read_place(result)) is None:
                continue
            status = _status(result)
            if status in _ABSENT:
                self._forget(place.key)
            elif status == "Accepted":
                value = read_value(result.get("attributeValue"))
                self.hold(place, value, kind=read_type(result))
                if read_type(result) == ACTUAL:
                    self._tell_others(place, value, said)
        self._show(at_once=True)

    @follows("SetVariables", *V2)
    def on_set(self, payload: Payload, answer: Payload) -> None:
        """Know what was set, of what the station took (B05)."""
        sent = {
            (place.key, read_type(item)): item
            for item in payload["setVariableData"]
            if (place := read_place(item)) is not None
        }
        for result in _results(answer, "setVariableResult"):
            place, kind = read_place(result), read_type(result)
            if place is None or (item := sent.get((place.key, kind))) is None:
                continue
            status = _status(result)
            if status in ("Accepted", "RebootRequired"):
                self.hold(place, read_value(item["attributeValue"]), kind=kind)
                self._set_after_reboot(place.key, status == "RebootRequired")
        self._show(at_once=True)

    # --- getting to know it -------------------------------------------------------------

    @property
    def read_already(self) -> bool:
        """Return whether all was asked for that the station has, with its firmware."""
        return self.read_for == self._firmware

    @property
    def _firmware(self) -> str:
        info = self.station.provisioning.info
        return info.firmware if info is not None else ""

    async def prepare(self, *, booted: bool) -> None:
        """Ask for what is needed at once: a restart may have changed it."""
        if booted:
            for key in tuple(self.after_reboot):
                self._set_after_reboot(key, False)
        if self.speaks_16:
            return
        if not self.read_already:
            await self.read_all(NEEDED)
        elif booted:
            await self.read_all(place for place in NEEDED if self.find(place))

    async def take_inventory(self, base: str) -> bool:
        """Have the station tell all it has, or all that can be set (B07).

        Return whether it told anything. Raises what `Reports.command` does, and
        `NotSupported` where the station is better not asked.
        """
        if not self.sends("GetBaseReport"):
            raise NotSupported("GetBaseReport")
        request = {"requestId": next_number(), "reportBase": base}
        heard: set[Place] = set()
        self._heard = heard
        try:
            _, report = await self.station.reports.command(
                "GetBaseReport", request, silence=self.station.options.call_timeout
            )
        finally:
            self._heard = None
        if base == FULL and report.complete and heard:
            for key in self.variables.keys() - heard:
                self._forget(key)
        self._show(at_once=True)
        return bool(heard)

    def on_inventory_taken(self) -> None:
        """Know that the station, with its present firmware, has been asked."""
        self.read_for, self._unsaved = self._firmware, True
        self._show(at_once=True)


def _results(answer: Payload, field: str) -> Iterator[Payload]:
    """Yield the results of an answer that are any."""
    told = answer.get(field)
    yield from (
        it for it in (told if isinstance(told, list) else ()) if isinstance(it, dict)
    )


def _status(result: Payload) -> str:
    return str(result.get("attributeStatus") or "")
