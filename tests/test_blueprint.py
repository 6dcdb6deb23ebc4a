"""The solar blueprint, over a real socket, on afternoons of every kind."""

from collections.abc import AsyncIterator
from itertools import pairwise
import random

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator import Charger

from .solar import HOUSE, Afternoon, at_no_time_of_day

# In watts: what 6 A on three phases take, with the buffer.
LEAST = 6 * 230 * 3 + 100
# In looks.
START, STOP, INCREASE, FALLBACK = 2, 6, 4, 4
BRIGHT = HOUSE + LEAST + 2000
DULL = HOUSE + 500


@pytest.fixture
async def afternoon(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> AsyncIterator[Afternoon]:
    """Return an afternoon with a car that is plugged in, and no automation yet."""
    afternoon = Afternoon(hass, garage, charger)
    await charger.plug_in(max_current=16)
    await charger.settle()
    await hass.async_block_till_done()
    with at_no_time_of_day():
        yield afternoon
        await afternoon.end()


async def charging(afternoon: Afternoon, **inputs: object) -> None:
    """Let the sun shine until the car charges and the current has settled."""
    await afternoon.automate(**inputs)
    await afternoon.look(BRIGHT, 12)
    assert afternoon.charger.flow().current == 8
    assert [limit for _, limit in afternoon.told] == [6, 8]


def check_limits(afternoon: Afternoon) -> None:
    """See that nothing was told that a careful owner would not tell."""
    limits = [limit for _, limit in afternoon.told]
    assert all(limit == 0 or 6 <= limit <= 16 for limit in limits)
    assert all(limit == int(limit) for limit in limits)
    # The same limit is never written twice.
    assert all(before != after for before, after in pairwise(limits)), limits
    # Between two increases there is time, but for the one that starts again.
    ups = [
        look
        for (_, before), (look, after) in pairwise(afternoon.told)
        if after > before > 0
    ]
    assert all(later - earlier >= INCREASE for earlier, later in pairwise(ups))
    assert afternoon.charger.violations == []


async def test_a_sunrise_is_followed_in_whole_amperes(afternoon: Afternoon) -> None:
    await afternoon.automate()
    # Two hours, and a little more to see that it stays at the maximum.
    looks = 240
    for number in range(looks + 5):
        sun = HOUSE + 12_500 * number / looks
        await afternoon.look(sun)
        if afternoon.charger.flow().power:
            # It never takes more than there is.
            assert afternoon.charger.flow().power + 100 <= sun - HOUSE
    check_limits(afternoon)
    # One write for each ampere and no more, in two hours.
    assert [limit for _, limit in afternoon.told] == list(range(6, 17))
    first, _ = afternoon.told[0]
    enough = LEAST / 12_500 * looks
    assert enough + START <= first <= enough + START + 2
    assert afternoon.commands("RemoteStartTransaction") == 1


async def test_clouds_cost_few_writes(afternoon: Afternoon) -> None:
    await charging(afternoon)
    clouds = random.Random(7)
    sun, left, imported = 9_000.0, 0, 0.0
    for _ in range(240):
        if left == 0:
            sun, left = (
                (clouds.uniform(7_000, 11_000), clouds.randint(6, 16))
                if sun < 7_000
                else (clouds.uniform(2_000, 6_000), clouds.randint(1, 5))
            )
        left -= 1
        await afternoon.look(sun + clouds.uniform(-60, 60))
        imported += max(0, afternoon.grid) * 30 / 3600
    check_limits(afternoon)
    # Without a dead band and a time between increases it would be one for each look.
    assert 10 < len(afternoon.told) < 80
    # Clouds are shorter than the delay: the car is never switched off.
    assert 0 not in [limit for _, limit in afternoon.told]
    # In Wh over two hours in which nearly half an hour was too dull for 6 A.
    assert imported < 1_500
    assert afternoon.commands("RemoteStopTransaction") == 0


async def test_noise_costs_no_writes(afternoon: Afternoon) -> None:
    await charging(afternoon)
    before = len(afternoon.told)
    noise = random.Random(3)
    for _ in range(60):
        await afternoon.look(HOUSE + 8 * 690 + 100 + noise.uniform(-140, 140))
    assert len(afternoon.told) == before


async def test_a_short_sunshine_does_not_start(afternoon: Afternoon) -> None:
    await afternoon.automate()
    for _ in range(8):
        await afternoon.look(BRIGHT, START)
        await afternoon.look(DULL)
    assert afternoon.told == []
    assert afternoon.commands("RemoteStartTransaction") == 0
    await afternoon.look(BRIGHT, START + 1)
    assert [limit for _, limit in afternoon.told] == [6]


async def test_a_cloud_goes_down_at_once_and_pauses_after_its_delay(
    afternoon: Afternoon,
) -> None:
    await charging(afternoon)
    await afternoon.look(DULL)
    assert afternoon.told[-1] == (afternoon.looks, 6)
    await afternoon.look(DULL, STOP)
    # Shorter than the delay: all goes on.
    await afternoon.look(BRIGHT, 4)
    assert 0 not in [limit for _, limit in afternoon.told]
    await afternoon.look(BRIGHT, INCREASE)
    assert afternoon.charger.flow().current == 8

    since = afternoon.looks
    await afternoon.look(DULL, STOP + 3)
    told, limit = afternoon.told[-1]
    assert limit == 0
    assert STOP < told - since <= STOP + 2
    # The session goes on, and nothing is told again all night.
    assert afternoon.state("sensor.garage_status") == "suspended_evse"
    count = len(afternoon.told)
    await afternoon.look(HOUSE, 30)
    assert len(afternoon.told) == count
    await afternoon.look(BRIGHT, START + 1)
    assert afternoon.told[-1][1] == 6
    assert afternoon.charger.flow().current == 6
    check_limits(afternoon)


@pytest.mark.parametrize(
    ("fallback", "limit", "back"), [("keep", 8, 8), ("minimum", 6, 8), ("stop", 0, 6)]
)
async def test_a_sensor_that_fails_is_done_without(
    afternoon: Afternoon, fallback: str, limit: float, back: float
) -> None:
    await charging(afternoon, fallback=fallback)
    # Not for a short while.
    await afternoon.look(None, FALLBACK)
    await afternoon.look(BRIGHT, 2)
    assert afternoon.told[-1][1] == 8
    await afternoon.look(None, FALLBACK + 2)
    assert afternoon.told[-1][1] == limit
    count = len(afternoon.told)
    await afternoon.look(None, 30)
    assert len(afternoon.told) == count
    await afternoon.look(BRIGHT, INCREASE)
    assert afternoon.told[-1][1] == back
    check_limits(afternoon)


async def test_a_charger_that_is_away_is_left_alone_until_it_is_back(
    hass: HomeAssistant, afternoon: Afternoon, caplog: pytest.LogCaptureFixture
) -> None:
    await charging(afternoon)
    afternoon.charger.drop()
    await afternoon.until(
        lambda: afternoon.state("binary_sensor.garage_connected") == "off"
    )
    count = len(afternoon.told)
    await afternoon.look(DULL, 20)
    assert len(afternoon.told) == count
    assert "ERROR" not in caplog.text
    await afternoon.charger.connect()
    await afternoon.charger.report_status()
    await afternoon.look(DULL, 2)
    assert afternoon.told[-1][1] == 6
    await afternoon.look(DULL, STOP + 1)
    assert afternoon.told[-1][1] == 0
    check_limits(afternoon)


async def test_a_full_car_is_told_nothing_more(afternoon: Afternoon) -> None:
    await charging(afternoon)
    car = afternoon.charger.connectors[1].car
    assert car is not None
    car.soc = 99.99
    await afternoon.look(BRIGHT, 2)
    assert afternoon.state("sensor.garage_status") == "suspended_ev"
    count = len(afternoon.told)
    for sun in (11_000, DULL, BRIGHT, 0):
        await afternoon.look(sun, 12)
    assert len(afternoon.told) == count
    # It wakes up, to heat itself for instance, and what there is counts again.
    car.soc = 90
    await afternoon.look(DULL, 2)
    assert afternoon.told[-1][1] == 6
    check_limits(afternoon)


async def test_a_car_that_takes_less_than_offered_is_not_offered_more(
    afternoon: Afternoon,
) -> None:
    await charging(afternoon)
    car = afternoon.charger.connectors[1].car
    assert car is not None
    car.max_current = 6
    count = len(afternoon.told)
    await afternoon.look(12_000, 20)
    assert len(afternoon.told) == count


async def test_a_restart_in_the_middle_changes_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, afternoon: Afternoon
) -> None:
    await charging(afternoon)
    await afternoon.look(DULL, 3)
    assert afternoon.told[-1][1] == 6
    await afternoon.automation.async_turn_off()
    port = entry.runtime_data.central.port
    await hass.config_entries.async_reload(entry.entry_id)
    await afternoon.charger.wait_closed()
    afternoon.charger.url = afternoon.charger.url.replace(
        str(port), str(entry.runtime_data.central.port)
    )
    await afternoon.charger.connect()
    await afternoon.until(lambda: afternoon.state("sensor.garage_status") == "charging")
    await afternoon.automation.async_turn_on()
    count = len(afternoon.told)
    # The delay begins anew, and the limit is not written again.
    await afternoon.look(DULL, STOP)
    assert len(afternoon.told) == count
    await afternoon.look(DULL, 2)
    assert [limit for _, limit in afternoon.told[count:]] == [0]
    await afternoon.look(BRIGHT, START + INCREASE + 4)
    assert [limit for _, limit in afternoon.told[count:]] == [0, 6, 8]
    check_limits(afternoon)


async def test_a_charger_that_refuses_limits_is_not_flooded(
    afternoon: Afternoon,
) -> None:
    afternoon.charger.answers["SetChargingProfile"] = {"status": "Rejected"}
    await afternoon.automate()
    await afternoon.look(BRIGHT, 40)
    # The ladder once, and then one try each time the car takes more than there is.
    assert len(afternoon.told) < 80
    # What was refused is not taken for a limit.
    assert afternoon.state("number.garage_current_limit") == "unknown"


async def test_a_session_that_the_charger_does_not_start_is_not_insisted_on(
    afternoon: Afternoon,
) -> None:
    afternoon.charger.answers["RemoteStartTransaction"] = {"status": "Rejected"}
    await afternoon.automate()
    await afternoon.look(BRIGHT, 60)
    # Half an hour.
    assert 2 <= afternoon.commands("RemoteStartTransaction") <= 5
    assert [limit for _, limit in afternoon.told] == [6]


async def test_a_card_can_be_what_starts(afternoon: Afternoon) -> None:
    await afternoon.automate(start_session=False)
    await afternoon.look(BRIGHT, 10)
    assert afternoon.commands("RemoteStartTransaction") == 0
    assert afternoon.told == []
    await afternoon.charger.present_card("CARD1")
    await afternoon.look(BRIGHT, 2)
    assert [limit for _, limit in afternoon.told] == [8]


async def test_sessions_can_be_what_pauses(afternoon: Afternoon) -> None:
    await charging(afternoon, pause_by="session")
    await afternoon.look(DULL, STOP + 3)
    assert afternoon.commands("RemoteStopTransaction") == 1
    assert afternoon.state("sensor.garage_status") == "finishing"
    await afternoon.look(BRIGHT, START + 2)
    assert afternoon.commands("RemoteStartTransaction") == 2
    assert afternoon.state("sensor.garage_status") == "charging"
    # Whoever ends it at the charger means it.
    await afternoon.charger.present_card("HomeAssistant")
    await afternoon.look(BRIGHT, 20)
    assert afternoon.state("sensor.garage_stop_reason") == "local"
    assert afternoon.commands("RemoteStartTransaction") == 2


async def test_never_pausing_stays_at_the_minimum(afternoon: Afternoon) -> None:
    await charging(afternoon, always_minimum=True)
    await afternoon.look(HOUSE, STOP * 3)
    assert afternoon.told[-1][1] == 6
    check_limits(afternoon)


async def test_one_phase_is_found_out(afternoon: Afternoon) -> None:
    await afternoon.charger.plug_in(phases=1)
    await afternoon.automate()
    await afternoon.look(BRIGHT, 30)
    # 6140 W on one phase: more than the car may have.
    assert afternoon.told[-1][1] == 16
    assert afternoon.charger.flow().power == 16 * 230
    await afternoon.look(HOUSE + 2_000, 2)
    assert afternoon.told[-1][1] == 8
    check_limits(afternoon)


@pytest.mark.parametrize("name", [None, "Thing"])
async def test_names_may_be_changed(
    hass: HomeAssistant,
    afternoon: Afternoon,
    entity_registry: er.EntityRegistry,
    name: str | None,
) -> None:
    entities = er.async_entries_for_device(entity_registry, afternoon.device_id)
    for number, entity in enumerate(entities):
        new = f"{entity.domain}.thing_{number}"
        entity_registry.async_update_entity(
            entity.entity_id, new_entity_id=new, name=name and f"{name} {number}"
        )
        afternoon.renamed[entity.entity_id] = new
    await hass.async_block_till_done()
    await charging(afternoon)
    await afternoon.look(DULL)
    assert afternoon.told[-1][1] == 6


async def test_a_switch_hands_over_once(
    hass: HomeAssistant, afternoon: Afternoon
) -> None:
    hass.states.async_set("input_boolean.sun", "on")
    await charging(
        afternoon,
        enabled_by="input_boolean.sun",
        when_off="maximum",
        maximum_current=14,
    )
    hass.states.async_set("input_boolean.sun", "off")
    await afternoon.look(DULL, 2)
    assert afternoon.told[-1][1] == 14
    # What somebody sets by hand then stays.
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": "number.garage_current_limit", "value": 10},
        blocking=True,
    )
    await afternoon.look(DULL, 10)
    assert afternoon.told[-1][1] == 10
    hass.states.async_set("input_boolean.sun", "on")
    await afternoon.look(DULL)
    assert afternoon.told[-1][1] == 6


async def test_the_highest_current_of_the_charger_is_kept(
    afternoon: Afternoon,
) -> None:
    await afternoon.automate(maximum_current=80, phases="1")
    await afternoon.charger.plug_in(phases=1, max_current=40)
    await afternoon.look(HOUSE + 20_000, 20)
    assert afternoon.told[-1][1] == 32
    assert afternoon.charger.violations == []
