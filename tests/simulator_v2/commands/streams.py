"""Periodic event streams: values of monitors, many in a message that nobody answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tests.simulator.link import Handler, Payload, Reply

from .reply import status

if TYPE_CHECKING:
    from ..station import Station


@dataclass(slots=True)
class Stream:
    """A stream that is open, and the values that wait in it, each with its time."""

    id: int
    monitor: int
    params: Payload
    buffer: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def constant_data(self) -> Payload:
        """Return what is told of it once."""
        return {
            "id": self.id,
            "params": self.params,
            "variableMonitoringId": self.monitor,
        }


class Streams:
    """The commands about streams."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "AdjustPeriodicEventStream": self.adjust,
            "GetPeriodicEventStream": self.list,
        }

    def adjust(self, payload: Payload) -> Reply:
        """Send at another rate (N14)."""
        stream = self._station.state.streams.get(payload["id"])
        if stream is None:
            return status("Rejected", why=("NotFound", "no such stream"))
        stream.params = payload["params"]
        return status("Accepted")

    def list(self, _: Payload) -> Reply:
        """List the streams that are open (N12)."""
        streams = self._station.state.streams.values()
        found = [stream.constant_data for stream in streams]
        return {"constantStreamData": found} if found else {}, None


async def open_stream(
    station: Station, monitor: int, params: Mapping[str, int]
) -> Stream | None:
    """Open a stream for a monitor (N11); return None where the CSMS does not want it."""
    streams = station.state.streams
    stream = Stream(max(streams, default=0) + 1, monitor, dict(params))
    streams[stream.id] = stream
    answer = await station.call(
        "OpenPeriodicEventStream", {"constantStreamData": stream.constant_data}
    )
    if answer["status"] == "Accepted":
        return stream
    del streams[stream.id]
    return None


async def close_stream(station: Station, stream: Stream) -> None:
    """Send what waits, then close a stream (N13)."""
    while stream.buffer:
        await send_values(station, stream)
    station.state.streams.pop(stream.id, None)
    await station.call("ClosePeriodicEventStream", {"id": stream.id})


async def close_streams_of(station: Station, monitors: Sequence[int]) -> None:
    """Close the streams of monitors that are no more, or go on without (N13.FR.05, 06)."""
    for stream in list(station.state.streams.values()):
        if stream.monitor in monitors:
            await close_stream(station, stream)


async def put_value(station: Station, stream: Stream, value: str) -> None:
    """Take up a value that a monitor produced now; send all once there are enough."""
    stream.buffer.append((station.clock(), value))
    if 0 < stream.params.get("values", 0) <= len(stream.buffer):
        await send_values(station, stream)


async def send_values(station: Station, stream: Stream) -> None:
    """Send what waits, as much at a time as may be (N15)."""
    most = stream.params.get("values") or len(stream.buffer)
    sent, stream.buffer = stream.buffer[:most], stream.buffer[most:]
    if not sent:
        return
    base = sent[0][0]
    await notify_stream(
        station,
        stream.id,
        [((at - base).total_seconds(), value) for at, value in sent],
        base=base,
        pending=len(stream.buffer),
    )


async def notify_stream(
    station: Station,
    stream: int,
    values: Sequence[tuple[float, str]],
    *,
    base: datetime | None = None,
    pending: int = 0,
) -> None:
    """Send values just as they are, with seconds after the base."""
    moment = (base or station.clock()).isoformat().replace("+00:00", "Z")
    await station.send(
        "NotifyPeriodicEventStream",
        {
            "id": stream,
            "pending": pending,
            "basetime": moment,
            "data": [{"t": seconds, "v": value} for seconds, value in values],
        },
    )
