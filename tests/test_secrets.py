"""What lets somebody in, or says who somebody is, is seen by nobody else."""

import asyncio
from collections.abc import Iterator
from itertools import count
import json
import logging
from pathlib import Path
from random import Random
import sqlite3
from typing import Any

from homeassistant.const import MATCH_ALL
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.versions import SPOKEN, V16, Version
from custom_components.ocpp.exceptions import translated_errors
from custom_components.ocpp.hub import Charger as HubCharger, OcppHub
from tests.fuzz import messages

# Fields that name a card or a person, let somebody in, or are private to a car.
CARDS = frozenset({"idTag", "parentIdTag", "idToken", "additionalIdToken"})
TEXTS = frozenset(
    {
        *("basicAuthPassword", "apnPassword", "password", "key", "user", "apnUserName"),
        *("certificate", "certificateChain", "signingCertificate", "csr", "exiRequest"),
        *("customerIdentifier", "vatNumber", "evccId", "signature", "exiResponse"),
        *("address1", "address2", "city", "postalCode", "country"),
        *("signedMeterData", "publicKey", "installCertificate"),
    }
)
URLS = frozenset({"location", "remoteLocation"})
# Variables and keys whose values are secrets, by themselves or because nobody knows them.
VARIABLES = (
    "BasicAuthPassword",
    "SimPin",
    "ApnPassword",
    "EVCCID",
    "MasterPassGroupId",
)
KEYS = ("AuthorizationKey", "CardPin", "WiFiPassword", "PlugAndChargeIdentifier")
VALUES = ("value", "attributeValue", "actualValue")
# Columns that hold cards, since that is what they are for.
CARD_COLUMNS = frozenset({"id_token", "token_key", "group_id_token"})


class Secrets:
    """Markers, each of which is a secret of its own, and in which field it was."""

    def __init__(self) -> None:
        """Begin with none."""
        self.planted: dict[str, str] = {}
        self.cards: dict[str, str] = {}
        self._numbers = count(10_000)

    def plant(self, payload: Any, action: str) -> Any:
        """Put markers into all fields of a payload that hold secrets."""
        if isinstance(payload, list):
            return [self.plant(it, action) for it in payload]
        if not isinstance(payload, dict):
            return payload
        return {
            name: self._value(name, it, payload, action) for name, it in payload.items()
        }

    def _value(self, name: str, value: Any, owner: Any, action: str) -> Any:
        if isinstance(value, dict | list):
            return self.plant(value, action)
        if name == "simPin":
            return int(self._marker(f"{action}.{name}", ""))
        if not isinstance(value, str):
            return value
        if name in CARDS:
            marker = f"{next(self._numbers)}Zq"
            self.cards[marker] = f"{action}.{name}"
            return marker
        if name in URLS:
            return f"ftp://user:{self._marker(f'{action}.{name}')}@192.0.2.9/f"
        secret = (owner.get("variable") or {}).get("name") in VARIABLES or (
            owner.get("key") in KEYS
        )
        if name in TEXTS and not (name == "key" and "value" in owner):
            return self._marker(f"{action}.{name}")
        if name in VALUES and secret:
            return self._marker(f"{action}.{name}")
        if name == "data" and action in ("NotifyCustomerInformation", "DataTransfer"):
            return self._marker(f"{action}.{name}")
        return value

    def _marker(self, field: str, letters: str = "Zq") -> str:
        marker = f"{next(self._numbers)}{letters}"
        self.planted[marker] = field
        return marker

    def found_in(self, text: str) -> set[str]:
        """Return the fields whose secrets are in a text."""
        both = self.planted | self.cards
        return {field for marker, field in both.items() if marker in text}


def with_secrets(payload: Any) -> Any:
    """Have variables and keys in a payload be those that hold secrets."""
    names, keys = iter(VARIABLES * 50), iter(KEYS * 50)

    def walk(it: Any) -> None:
        if isinstance(it, dict):
            if isinstance(it.get("variable"), dict):
                it["variable"]["name"] = next(names)
            if "key" in it and "readonly" in it:
                it["key"] = next(keys)
            for child in it.values():
                walk(child)
        elif isinstance(it, list):
            for child in it:
                walk(child)

    walk(payload)
    return payload


class Teller:
    """A station that answers everything with secrets, and repeats what it was told."""

    def __init__(
        self, socket: ClientConnection, version: Version, secrets: Secrets
    ) -> None:
        """Talk over an open socket."""
        self.socket = socket
        self.secrets = secrets
        self.fails = False
        self._rng = Random(11)
        self._responses = messages.schemas(version, responses=True)
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for data in self.socket:
            frame = json.loads(data)
            if frame[0] == 2:
                await self.socket.send(json.dumps(self._answer(*frame[1:])))
            elif frame[0] in (3, 4) and frame[1] in self._answers:
                self._answers.pop(frame[1]).set_result(frame)

    def _answer(self, message_id: str, action: str, payload: Any) -> list[Any]:
        if self.fails:
            # Some repeat in their errors what they do not like.
            return [4, message_id, "GenericError", f"bad {json.dumps(payload)}", {}]
        answer = with_secrets(messages.valid(self._rng, self._responses[action]))
        if "status" in answer and self._rng.random() < 0.7:
            answer["status"] = "Accepted"
        return [3, message_id, self.secrets.plant(answer, f"{action} answer")]

    async def say(self, action: str, payload: Any) -> Any:
        """Say something, and wait for the answer."""
        message_id = f"s{len(self.secrets.planted)}{action}"
        answer = self._answers[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(5):
            return await answer

    async def stop(self) -> None:
        """Hang up."""
        await self.socket.close()
        await self._reading


def stored(path: Path) -> Iterator[tuple[bool, str]]:
    """Yield what is in a database, and whether that is where cards are kept."""
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for column in row.keys():  # noqa: SIM118 - a Row is no mapping
                    yield column in CARD_COLUMNS, f"{table}.{column}: {row[column]}"


def shown(hass: HomeAssistant) -> str:
    """Return all that people can look at."""
    states = [str(state.as_dict()) for state in hass.states.async_all()]
    issues = [str(issue) for issue in ir.async_get(hass).issues.values()]
    return "\n".join(states + issues)


async def ask(charger: HubCharger, action: str, payload: Any) -> str:
    """Send a command; return what people are told when it fails."""
    try:
        with translated_errors("Garage"):
            await charger.station.sending.command(action, payload)
    except HomeAssistantError as error:
        return f"{error!r} {error.translation_placeholders}"
    return ""


@pytest.mark.parametrize("version", SPOKEN, ids=lambda it: it.name)
async def test_no_secret_is_shown_or_kept_wherever_it_comes_from(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hub: OcppHub,
    garage: HubCharger,
    version: Version,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.ocpp")
    caplog.set_level(logging.DEBUG, "websockets.server")
    events: list[str] = []
    hass.bus.async_listen(MATCH_ALL, lambda event: events.append(_text(event)))
    secrets, rng, told = Secrets(), Random(5), []
    requests = messages.schemas(version)
    socket = await connect(
        f"ws://127.0.0.1:{hub.central.port}/CP1",
        subprotocols=[Subprotocol(version.subprotocol)],
        proxy=None,
        logger=logging.getLogger("tests.quiet"),
    )
    teller = Teller(socket, version, secrets)
    for action in ("BootNotification", *requests, "StatusNotification", *requests):
        payload = with_secrets(messages.valid(rng, requests[action]))
        await teller.say(action, secrets.plant(payload, action))
    for teller.fails in (False, True):
        for action in requests.keys() & messages.schemas(version, responses=True):
            payload = with_secrets(messages.valid(rng, requests[action]))
            told.append(await ask(garage, action, secrets.plant(payload, action)))
    await hass.async_block_till_done()
    await garage.station.save()
    await hub.central.shared.store.backup(tmp_path / "copy.db")
    assert await async_setup_component(hass, "system_health", {})
    health = await get_system_health_info(hass, DOMAIN)
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    await teller.stop()
    await hass.async_block_till_done()

    assert len(secrets.planted) > (20 if version is V16 else 60)
    logged = "\n".join(
        f"{record.getMessage()} {record.exc_text}"
        for record in caplog.records
        if record.name.startswith(("custom_components", "websockets"))
    )
    assert logged
    assert secrets.found_in(logged) == set()
    assert secrets.found_in(shown(hass)) == set()
    assert secrets.found_in("\n".join(events)) == set()
    assert secrets.found_in(json.dumps(diagnostics) + str(health)) == set()
    # People are still told what the station had to say.
    assert any("bad" in words for words in told)
    assert secrets.found_in("\n".join(told)) == set()
    kept = list(stored(tmp_path / "copy.db"))
    assert secrets.found_in("\n".join(it for cards, it in kept if not cards)) == set()
    card_columns = "\n".join(it for cards, it in kept if cards)
    assert not any(marker in card_columns for marker in secrets.planted)


def _text(event: Event[Any]) -> str:
    return f"{event.event_type} {event.data}"
