"""Whatever a station sends, it is answered, and nobody else notices.

`scripts/fuzz` tells longer stories, and others each time.
"""

import asyncio
import json
import os
from random import Random

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.versions import SPOKEN, Version
from tests.csms.conftest import IDENTITY, MakeWire

from . import messages
from .bench import Faults, converse, tell

settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    max_examples=8,
    database=None,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile(
    "long", settings.get_profile("ci"), derandomize=False, max_examples=1_000
)
profile = settings.get_profile(os.environ.get("FUZZ", "ci"))

versions = pytest.mark.parametrize("version", SPOKEN, ids=lambda it: it.name)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(messages.NASTY),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)
frames = st.one_of(
    st.binary(max_size=60),
    values.map(json.dumps),
    st.lists(values, max_size=5).map(json.dumps),
    st.tuples(st.sampled_from((2, 3, 4, 5, 6)), values, values, values).map(json.dumps),
)


@versions
@profile
@given(said=st.lists(frames, max_size=15))
def test_no_frame_whatever_its_shape_ends_a_conversation(
    version: Version, said: list[str | bytes]
) -> None:
    tell(version, said)


@versions
@profile
@given(story=st.binary(min_size=500, max_size=6_000))
def test_each_call_gets_one_valid_answer_and_no_fault_escapes(
    version: Version, story: bytes
) -> None:
    converse(version, messages.FromBytes(story))


@versions
def test_a_long_conversation_goes_well(version: Version) -> None:
    converse(version, Random(7), messages=1_000)


@pytest.mark.parametrize("subprotocol", [it.subprotocol for it in SPOKEN])
async def test_a_socket_stays_open_whatever_comes_over_it(
    station: ChargingStation, wire: MakeWire, subprotocol: str
) -> None:
    version = next(it for it in SPOKEN if it.subprotocol == subprotocol)
    requests, rng = messages.schemas(version), Random(3)
    with Faults() as faults:
        socket = await wire(IDENTITY, subprotocols=(subprotocol,))
        for number in range(60):
            action = rng.choice(list(requests))
            payload = messages.mutated(rng, messages.valid(rng, requests[action]))
            await socket.send(messages.frame(rng, 2, f"m{number}", action, payload))
            await socket.send(messages.junk(rng))
            await asyncio.sleep(0)
        await socket.send([2, "last", "Heartbeat", {}])
        answer = await socket.answer_to("last")
    assert answer[0] == 3
    assert faults.found == []
    assert station.connected
