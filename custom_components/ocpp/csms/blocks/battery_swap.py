"""Functional block S: batteries that people swap, in the slots of a station."""

from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import CardNotAccepted, NotAccepted
from ..happenings import Battery, BatterySwapped
from ..id_tokens import Purpose, is_secret
from ..lenient import id_token, name
from ..model import MOST_EVSES, Payload, RegistrationStatus, Topic, utcnow
from ..versions import V21
from .block import Block, answers, follows, precedes

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

# What happened, as events name it.
SWAP_EVENTS = {
    "BatteryIn": "battery_in",
    "BatteryOut": "battery_out",
    "BatteryOutTimeout": "battery_out_timeout",
}
# How many swaps are remembered: the two ends of one are minutes apart.
_MOST_SWAPS = 50
_LONGEST_SERIAL, _LONGEST_DATE = 50, 40


class Swap(NamedTuple):
    """One swap: all that happens in it has the same number."""

    number: int | None
    # Whether it was asked for here.
    requested: bool = False
    put_in: tuple[Battery, ...] = ()
    taken_out: tuple[Battery, ...] = ()


class BatterySwap(Block):
    """Which batteries a station holds, by its slots, which are EVSEs."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin without having heard of any."""
        super().__init__(station)
        # Whether the station ever had to do with swaps: hardly any is made for it.
        self.seen = False
        self.held: dict[int, Battery] = {}
        # Every slot that ever had a battery in it.
        self.slots: set[int] = set()
        self._swaps: dict[int, Swap] = {}

    def state_of_charge(self, evse: int) -> float | None:
        """Return how full the battery in a slot is, in percent: it is being charged there."""
        if (battery := self.held.get(evse)) is None:
            return None
        reading = self.station.metering.reading(evse, "SoC")
        if reading is not None and reading.received.isoformat() > battery.at:
            return reading.value
        return battery.state_of_charge

    async def prepare(self, *, booted: bool) -> None:
        """Have swaps shown where the station says that it is made for them."""
        known = self.station.device_model.variables
        if self.station.version is V21 and any(
            key.component == "batteryswapctrlr" for key in known
        ):
            self._see()

    # --- what is asked for --------------------------------------------------------------------

    @precedes("RequestBatterySwap", V21)
    def on_requesting(self, payload: Payload) -> None:
        """See that the card may be used (S02.FR.03).

        Raises `CardNotAccepted` or `NotAccepted`, after which nothing is sent.
        """
        if self.station.registration is not RegistrationStatus.ACCEPTED:
            raise NotAccepted
        token = payload["idToken"]
        info = self.station.authorization.authorize(
            id_token(token["idToken"]), kind=token["type"]
        )
        if not info.accepted:
            raise CardNotAccepted("RequestBatterySwap", info.status)

    @follows("RequestBatterySwap", V21)
    def on_requested(self, payload: Payload, answer: Payload) -> None:
        """Know by which number a swap that was asked for here goes (S02.FR.02)."""
        self._see()
        number = payload["requestId"]
        self._keep(number, Swap(number, requested=True))

    # --- what happens ---------------------------------------------------------------------

    @answers("BatterySwap", V21, needs=("eventType",))
    def on_swap(self, payload: Payload) -> Payload:
        """Know which batteries came and went (S03).

        The answer has no room for what is thought of the card.
        """
        self._see()
        kind = SWAP_EVENTS.get(payload["eventType"])
        batteries = _read_batteries(payload.get("batteryData"))
        if kind is None or not batteries:
            self.station.note("BatterySwap: no batteries, or an unknown event")
            return {}
        number = payload.get("requestId")
        swap = self._swap(number if isinstance(number, int) else None, kind)
        if kind == "battery_in" and _same(batteries, swap.put_in):
            return {}
        if kind == "battery_out" and _same(batteries, swap.taken_out):
            return {}
        self._move(kind, batteries)
        first = not swap.put_in and not swap.taken_out
        if kind == "battery_in":
            swap = swap._replace(put_in=(swap.put_in + batteries)[-MOST_EVSES:])
        elif kind == "battery_out":
            swap = swap._replace(taken_out=(swap.taken_out + batteries)[-MOST_EVSES:])
        if isinstance(number, int):
            self._keep(number, swap)
        self._happened(kind, payload.get("idToken"), swap, batteries, first=first)
        return {}

    def _happened(
        self,
        kind: str,
        token: Any,
        swap: Swap,
        batteries: tuple[Battery, ...],
        *,
        first: bool,
    ) -> None:
        """Judge the card, take note of its use once in a swap, and tell what happened."""
        now = utcnow()
        token = token if isinstance(token, dict) else {}
        text, type_ = id_token(token.get("idToken")), name(token.get("type"))
        authorization = self.station.authorization
        info = authorization.authorize(text, purpose=Purpose.SWAP, kind=type_)
        slots = {battery.evse for battery in batteries}
        slot = slots.pop() if len(slots) == 1 else 0
        if first:
            authorization.used(
                text,
                info,
                purpose=Purpose.SWAP,
                evse=slot if self.station.has_room_for(slot) else 0,
                at=now,
                by_hand=not swap.requested,
                kind=type_,
            )
        self.station.happened(
            BatterySwapped(
                type=kind,
                number=swap.number,
                at=now,
                id_token="" if is_secret(type_) else text,
                accepted=info.accepted,
                requested=swap.requested,
                batteries=batteries,
                put_in=swap.put_in,
                taken_out=swap.taken_out,
            )
        )

    def _swap(self, number: int | None, kind: str) -> Swap:
        """Return the swap that something belongs to; stations may use a number again."""
        swap = self._swaps.get(number) if number is not None else None
        if swap is None or (kind == "battery_in" and swap.put_in and swap.taken_out):
            return Swap(number)
        return swap

    def _keep(self, number: int, swap: Swap) -> None:
        self._swaps.pop(number, None)
        self._swaps[number] = swap
        while len(self._swaps) > _MOST_SWAPS:
            del self._swaps[next(iter(self._swaps))]
        self.station.remember()

    def _move(self, kind: str, batteries: tuple[Battery, ...]) -> None:
        """Know which batteries are in which slots; one not fetched is still in its."""
        for battery in batteries:
            if not battery.evse or not self.station.has_room_for(battery.evse):
                continue
            self.station.add_evse(battery.evse)
            if battery.evse not in self.slots:
                self.slots.add(battery.evse)
                self.changed(Topic.STRUCTURE)
            for evse, other in tuple(self.held.items()):
                if battery.serial and other.serial == battery.serial:
                    del self.held[evse]
                    self.changed(Topic.BATTERY, evse)
            if kind == "battery_out":
                self.held.pop(battery.evse, None)
            else:
                self.held[battery.evse] = battery
            self.changed(Topic.BATTERY, battery.evse)
        self.station.remember()

    def _see(self) -> None:
        if not self.seen:
            self.seen = True
            self.changed(Topic.STRUCTURE)
            self.station.remember()

    # --- memory -------------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which batteries the station holds, and the newest swaps."""
        self.seen = bool(facts)
        self.slots = set(facts.get("slots", ()))
        self.held = {row[0]: Battery(*row) for row in facts.get("held", ())}
        for number, requested, put_in, taken_out in facts.get("swaps", ()):
            self._swaps[number] = Swap(
                number,
                requested,
                tuple(Battery(*row) for row in put_in),
                tuple(Battery(*row) for row in taken_out),
            )

    def facts(self) -> dict[str, Any]:
        """Keep which batteries the station holds, and the newest swaps. No card is in them."""
        if not self.seen:
            return {}
        return {
            "slots": sorted(self.slots),
            "held": list(self.held.values()),
            "swaps": list(self._swaps.values()),
        }


def _read_batteries(told: Any) -> tuple[Battery, ...]:
    """Return the batteries of a message, as many as there may be slots."""
    now = utcnow().isoformat()
    found = []
    for item in (told if isinstance(told, list) else [])[:MOST_EVSES]:
        evse = item.get("evseId") if isinstance(item, dict) else None
        if not isinstance(evse, int) or isinstance(evse, bool) or evse < 0:
            continue
        found.append(
            Battery(
                evse=evse,
                serial=name(item.get("serialNumber"))[:_LONGEST_SERIAL],
                state_of_charge=_percentage(item.get("soC")),
                state_of_health=_percentage(item.get("soH")),
                produced=name(item.get("productionDate"))[:_LONGEST_DATE],
                at=now,
            )
        )
    return tuple(found)


def _percentage(told: Any) -> float | None:
    """Return a percentage that can be one."""
    if not isinstance(told, (int, float)) or not isfinite(told) or not 0 <= told <= 100:
        return None
    return told


def _same(batteries: tuple[Battery, ...], known: tuple[Battery, ...]) -> bool:
    """Return whether it was told before, but for the moment: messages are repeated."""
    told = [battery._replace(at="") for battery in known]
    return all(battery._replace(at="") in told for battery in batteries)
