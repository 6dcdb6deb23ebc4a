"""Periodic event streams of 2.1: what monitors tell all the time, many values at once."""

import asyncio
from typing import TYPE_CHECKING, Any

from ...clock import Moment
from ...errors import InvalidRequest, OcppError
from ...model import Payload, utcnow
from ...variables import Place
from ...versions import V21
from ..block import Block, answers, follows, precedes
from .stream import Flow, Stream, read_params, read_stream, read_values
from .v2 import Monitor, streamed_event

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# More than a station has things to tell every second.
MOST_STREAMS = 50
# In seconds: values are taken up this often at most. What comes meanwhile waits.
PACE = 1.0
# After how many messages in a row that left more behind a stream is to send more at a
# time (N15.FR.05), and how often that is asked for, in seconds.
_GROWING = 3
_ADJUSTED_EVERY = 600.0


class EventStreams(Block):
    """The streams that a station has open, and what comes in them (N11 to N15)."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin without any."""
        super().__init__(station)
        self.open: dict[int, Stream] = {}
        self._flows: dict[int, Flow] = {}
        # Opened, or closed, while the station is asked which are open.
        self._meanwhile: dict[int, Stream | None] = {}
        # Which monitors were asked for on this connection, and on which connection it was
        # asked for streams that nobody knew of.
        self._asked_for: set[int] = set()
        self._asked_on: object = None
        self._asking: asyncio.Task[None] | None = None

    def places(self) -> list[Place]:
        """Return what is streamed, as far as it is known."""
        monitors = self.station.monitoring.monitors
        return [
            monitors[it.monitor].place
            for it in self.open.values()
            if it.monitor in monitors
        ]

    # --- opening and closing ------------------------------------------------------------

    @answers("OpenPeriodicEventStream", V21)
    async def on_open(self, payload: Payload) -> Payload:
        """Take a stream where there is room, whichever monitor it is of (N11).

        One that nobody here knows yet may be built in, so the station is asked for it.
        """
        stream = read_stream(payload.get("constantStreamData"))
        if stream is None:
            return _rejected("InvalidValue", "This is no stream")
        monitors = self.station.monitoring.monitors
        if stream.monitor not in monitors:
            # The answer that names it may have been read just before.
            await asyncio.sleep(0)
        if stream.id not in self.open and len(self.open) >= MOST_STREAMS:
            return _rejected("TooManyElements", f"No more than {MOST_STREAMS} streams")
        unknown = stream.monitor not in monitors
        if unknown and not self._may_send("GetMonitoringReport"):
            return _rejected("NotFound", "No such monitor is known")
        self._set(stream)
        if unknown:
            # It may have been closed and set anew since.
            self._asked_for.discard(stream.monitor)
            self.station.afterwards(self._find_monitors)
        return {"status": "Accepted"}

    @answers("ClosePeriodicEventStream", V21)
    def on_close(self, payload: Payload) -> Payload:
        """Forget a stream; also one that is not known is closed (N13.FR.02)."""
        number = payload.get("id")
        if isinstance(number, int):
            self._drop(number)
        return {}

    def _set(self, stream: Stream) -> None:
        if len(self._meanwhile) < MOST_STREAMS:
            self._meanwhile[stream.id] = stream
        before = self.open.get(stream.id)
        if before is not None and before.monitor != stream.monitor:
            # What waits is of something else.
            self._drop_flow(stream.id)
        self.open[stream.id] = stream
        self.station.remember()

    def _drop(self, number: int) -> None:
        if len(self._meanwhile) < MOST_STREAMS:
            self._meanwhile[number] = None
        if (stream := self.open.get(number)) is None:
            return
        # What it sent before it closed still counts.
        self._take_waiting(stream)
        self._drop_flow(number)
        del self.open[number]
        self.station.remember()

    def _drop_flow(self, number: int) -> None:
        if (flow := self._flows.pop(number, None)) is not None:
            flow.stop()

    # --- values -------------------------------------------------------------------------

    @answers("NotifyPeriodicEventStream", V21)
    def on_values(self, payload: Payload) -> Payload:
        """Take up values; nothing is answered, whatever they are (N15)."""
        number = payload.get("id")
        stream = self.open.get(number) if isinstance(number, int) else None
        if stream is None:
            self.station.note("NotifyPeriodicEventStream: no such stream")
            self._find_streams()
            return {}
        flow = self._flows.setdefault(stream.id, Flow())
        flow.put(read_values(payload, utcnow()))
        self._watch_pending(stream, flow, payload.get("pending"))
        if stream.monitor not in self.station.monitoring.monitors:
            self.station.note("NotifyPeriodicEventStream: no such monitor")
            self._find_monitors()
            return {}
        wait = flow.next - asyncio.get_running_loop().time()
        if wait <= 0:
            self._take_waiting(stream)
        elif flow.later is None:
            flow.later = self.station.spawn(self._take_later(stream.id, flow, wait))
        return {}

    async def _take_later(self, number: int, flow: Flow, wait: float) -> None:
        await asyncio.sleep(wait)
        flow.later = None
        if (stream := self.open.get(number)) is not None:
            self._take_waiting(stream)
            self.station.flush()

    def _take_waiting(self, stream: Stream) -> None:
        """Take up what waits in a stream, once in a while."""
        monitor = self.station.monitoring.monitors.get(stream.monitor)
        flow = self._flows.get(stream.id)
        if monitor is None or flow is None:
            return
        flow.stop()
        if values := flow.take():
            flow.next = asyncio.get_running_loop().time() + PACE
            self._take_up(monitor, values)

    def _take_up(self, monitor: Monitor, values: list[tuple[Moment, str]]) -> None:
        """Have values be readings where a meter reads them, and else an event.

        Whoever looks at it sees the last only, so that nothing is written for each.
        """
        said, value = values[-1]
        event = streamed_event(monitor, said, value)
        self.station.monitoring.take_up(event, said)
        metering = self.station.metering
        if (found := metering.measured(monitor.place)) is not None:
            metering.take_streamed(monitor.place, found, values)
        else:
            self.station.happened(event)

    # --- keeping up ---------------------------------------------------------------------

    def _watch_pending(self, stream: Stream, flow: Flow, pending: Any) -> None:
        """Have a stream send more at a time where it falls behind more and more."""
        if isinstance(pending, bool) or not isinstance(pending, int):
            return
        flow.growing = flow.growing + 1 if pending > flow.pending else 0
        flow.pending = pending
        now = asyncio.get_running_loop().time()
        better = stream.with_more_at_once
        if (
            flow.growing >= _GROWING
            and now >= flow.adjusted
            and better is not None
            and self._may_send("AdjustPeriodicEventStream")
        ):
            flow.growing, flow.adjusted = 0, now + _ADJUSTED_EVERY
            self.station.spawn(self._adjust(better))

    async def _adjust(self, stream: Stream) -> None:
        try:
            await self.command(
                "AdjustPeriodicEventStream", {"id": stream.id, "params": stream.params}
            )
        except OcppError as error:
            self.station.note(f"adjusting a stream: {type(error).__name__}")

    @precedes("AdjustPeriodicEventStream", V21)
    def on_adjusting(self, payload: Payload) -> None:
        """Let nothing out that says neither when nor how much to send (N14.FR.01).

        Raises `InvalidRequest`.
        """
        _check_params("AdjustPeriodicEventStream", "params", payload["params"])

    @follows("AdjustPeriodicEventStream", V21)
    def on_adjusted(self, payload: Payload, answer: Payload) -> None:
        """Know how a stream sends from now on (N14)."""
        if (stream := self.open.get(payload["id"])) is not None:
            adjusted = read_params(payload["params"])
            self._set(stream._replace(interval=adjusted[0], values=adjusted[1]))

    @precedes("SetVariableMonitoring", V21)
    def on_setting(self, payload: Payload) -> None:
        """Let no monitor out that is to stream, but not when (N11.FR.09).

        Raises `InvalidRequest`.
        """
        for item in payload["setMonitoringData"]:
            if "periodicEventStream" in item:
                name, params = "periodicEventStream", item["periodicEventStream"]
                _check_params("SetVariableMonitoring", name, params)

    def _may_send(self, action: str) -> bool:
        """Return whether a command may be sent that the protocol does not owe."""
        return not self.station.options.quiet and self.sends(action)

    # --- finding out --------------------------------------------------------------------

    def _find_monitors(self) -> None:
        """Have the station tell which monitors its streams are of."""
        idle = self._asking is None or self._asking.done()
        if idle and self._may_send("GetMonitoringReport") and self._unknown():
            self._asking = self.station.spawn(self._ask_for_monitors())

    def _unknown(self) -> set[int]:
        told = self.station.monitoring.monitors.keys() | self._asked_for
        return {stream.monitor for stream in self.open.values()} - told

    async def _ask_for_monitors(self) -> None:
        while unknown := self._unknown():
            self._asked_for |= unknown
            try:
                await self.station.monitoring.read()
            except OcppError as error:
                self.station.note(f"reading monitors: {type(error).__name__}")
        for stream in tuple(self.open.values()):
            self._take_waiting(stream)
        self.station.flush()

    def _find_streams(self) -> None:
        """Have the station tell its streams, once for as long as it is connected."""
        if self._asked_on is not self.station.connected_at and self._may_send(
            "GetPeriodicEventStream"
        ):
            self._asked_on = self.station.connected_at
            self.station.spawn(self._ask_for_streams())

    async def _ask_for_streams(self) -> None:
        try:
            await self.command("GetPeriodicEventStream", {})
        except OcppError as error:
            self.station.note(f"reading streams: {type(error).__name__}")
        self.station.flush()

    @precedes("GetPeriodicEventStream", V21)
    def on_listing(self, payload: Payload) -> None:
        """Take note of what is opened and closed until the answer is there."""
        self._meanwhile = {}

    @follows("GetPeriodicEventStream", V21)
    def on_listed(self, payload: Payload, answer: Payload) -> None:
        """Know which streams are open (N12)."""
        told = answer.get("constantStreamData")
        found = {
            stream.id: stream
            for item in (told if isinstance(told, list) else ())
            if (stream := read_stream(item)) is not None
        }
        for number, stream in self._meanwhile.items():
            if stream is not None:
                found[number] = stream
            else:
                found.pop(number, None)
        for number in self.open.keys() - found.keys():
            self._drop(number)
        for stream in tuple(found.values())[:MOST_STREAMS]:
            self._set(stream)
        self._find_monitors()

    async def prepare(self, *, booted: bool) -> None:
        """See which streams are still open; the station may have opened some unheard."""
        self._asked_for.clear()
        most = self.station.device_model.number(
            "MonitoringCtrlr", "MaxPeriodicEventStreams"
        )
        if self.station.version is V21 and (self.open or most):
            self._asked_on = self.station.connected_at
            await self.command("GetPeriodicEventStream", {})

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which streams were open."""
        self.open = {row[0]: Stream(*row) for row in facts.get("open", ())}

    def facts(self) -> dict[str, Any]:
        """Keep which streams are open."""
        return {"open": list(self.open.values())} if self.open else {}


def _check_params(action: str, name: str, told: Any) -> None:
    if not any(read_params(told)):
        raise InvalidRequest(action, f"{name}: needs interval or values")


def _rejected(reason: str, text: str) -> Payload:
    return {
        "status": "Rejected",
        "statusInfo": {"reasonCode": reason, "additionalInfo": text},
    }
