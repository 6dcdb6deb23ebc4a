"""What lets somebody in, or says who somebody is, is seen by nobody else."""

import ast
import asyncio
from collections.abc import Iterator
from itertools import count
import json
import logging
from pathlib import Path
from random import Random
import re
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

from custom_components.ocpp import const
from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms import secret_names
from custom_components.ocpp.csms.configuration_keys import SHOWN
from custom_components.ocpp.csms.versions import SPOKEN, V16, Version
from custom_components.ocpp.exceptions import translated_errors
from custom_components.ocpp.hub import OcppHub
from tests.fuzz import messages

# Variables and keys whose values are secrets, by themselves or because nobody knows them.
VARIABLES = (
    "BasicAuthPassword",
    "SimPin",
    "ApnPassword",
    "EVCCID",
    "MasterPassGroupId",
)
KEYS = ("AuthorizationKey", "CardPin", "WiFiPassword", "PlugAndChargeIdentifier")
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
        if secret_names.is_secret_field(name, owner):
            if isinstance(value, list) and all(isinstance(it, str) for it in value):
                return [self._hidden(name, it, action) for it in value]
            if not isinstance(value, dict | list):
                return self._hidden(name, value, action)
        return self.plant(value, action)

    def _hidden(self, name: str, value: Any, action: str) -> Any:
        if isinstance(value, int):
            return int(self._marker(name, action, ""))
        if name in secret_names.ADDRESSES:
            return f"ftp://user:{self._marker(name, action)}@192.0.2.9/f"
        return self._marker(name, action)

    def _marker(self, name: str, action: str, letters: str = "Zq") -> str:
        marker = f"{next(self._numbers)}{letters}"
        planted = self.cards if name in secret_names.CARDS else self.planted
        planted[marker] = f"{action}.{name}"
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
            if "key" in it and ("readonly" in it or "value" in it):
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


# --- what is one is said in one place -------------------------------------------------------

# What the name of a secret has in it, in words of letters.
_SUSPICIOUS = frozenset(
    {
        *("password", "passwd", "pwd", "passphrase", "passcode", "pin", "puk", "psk"),
        *("secret", "credential", "credentials", "login", "user", "private"),
        *("key", "keys", "token", "tokens", "tag", "tags", "emaid", "emaids"),
        *("certificate", "certificates", "csr", "chain", "exi"),
        *("signature", "signed", "hash", "vat", "iccid", "imsi", "evcc", "evccid"),
        *("customer", "address", "address1", "address2", "location", "url", "urls"),
        *("identifier", "data"),
    }
)
# Fields that look like a secret and are none, and why.
NO_SECRETS = {
    "issuerKeyHash": "of a certificate, which everybody is shown",
    "issuerNameHash": "of a certificate, which everybody is shown",
    "maximumContractCertificateChains": "how many",
    "priceScheduleSignature": "of prices, for a car to check",
    "responderURL": "in each certificate",
    "signatureId": "which of several",
    "unknownKey": "names of configuration keys",
    "urls": "in each certificate",
}
# Settings, likewise.
NO_SECRET_SETTINGS = {
    "tls_certificate": "the name of a file",
    "tls_certificate_rsa": "the name of a file",
    "tls_key": "the name of a file",
    "tls_key_rsa": "the name of a file",
}
ROOT = Path(const.__file__).parent
REGISTRY = ROOT / "csms" / "secret_names.py"
_LISTS = (ast.Tuple, ast.List, ast.Set)


def words(name: str) -> set[str]:
    """Return the words that a name is made of, as either side writes names."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_", " ", name)
    return set(spaced.casefold().split())


def leaves(schema: Any, root: Any) -> Iterator[str]:
    """Yield the names of all fields that hold texts or numbers, and not one of few words."""
    for of in [schema, *root.get("definitions", {}).values()]:
        for name, value in _fields(of):
            inner = value.get("items", value) if value.get("type") == "array" else value
            if "$ref" in inner:
                inner = root["definitions"][inner["$ref"].rpartition("/")[2]]
            kind = inner.get("type", "string")
            if kind in ("string", "integer", "number") and "enum" not in inner:
                yield name


def _fields(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an object and of those within it."""
    inner = schema.get("items", schema)
    for name, value in inner.get("properties", {}).items():
        yield name, value
        yield from _fields(value)


def all_fields() -> set[str]:
    """Return the names of all such fields of all versions, in both directions."""
    return {
        name
        for version in SPOKEN
        for responses in (False, True)
        for schema in messages.schemas(version, responses=responses).values()
        for name in leaves(schema, schema)
    }


def test_each_field_that_looks_like_a_secret_is_known_as_one_or_as_none() -> None:
    """Also in versions that are added: somebody has to decide."""
    suspicious = {name for name in all_fields() if words(name) & _SUSPICIOUS}
    assert len(suspicious) > 30
    assert suspicious - secret_names.FIELDS == NO_SECRETS.keys()


def test_each_secret_field_is_in_a_message() -> None:
    """What is not would be one that nobody plants."""
    assert all_fields() >= secret_names.FIELDS | secret_names.VALUES


def test_each_setting_that_looks_like_a_secret_is_known_as_one_or_as_none() -> None:
    settings = {
        value for name, value in vars(const).items() if name.startswith("CONF_")
    }
    suspicious = {it for it in settings if words(it) & (_SUSPICIOUS | {"db"})}
    assert suspicious - secret_names.SETTINGS == NO_SECRET_SETTINGS.keys()


def test_no_configuration_key_that_people_are_shown_is_a_secret() -> None:
    assert not any(map(secret_names.is_secret_key, SHOWN))
    assert all(map(secret_names.is_secret_key, KEYS))
    assert all(map(secret_names.is_secret_variable, VARIABLES))


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts that a list in the code has as its members."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Starred):
            yield from _texts(child.value)
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value
        elif isinstance(child, ast.Name | ast.Attribute):
            name = child.id if isinstance(child, ast.Name) else child.attr
            yield str(getattr(const, name, ""))


def _lists_of_secrets(path: Path) -> Iterator[int]:
    """Yield the lines where a file has a list of its own of what is secret.

    That is one with several names of secrets and next to none that is something else, or
    one that is called so.
    """
    known = secret_names.FIELDS | secret_names.SETTINGS
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            named = words(ast.unparse(node).partition("=")[0])
            lists = [it for it in ast.walk(node.value) if isinstance(it, _LISTS)]
            texts = [text for it in lists for text in _texts(it)]
            if texts and named & {"secret", "secrets", "redacted", "sensitive"}:
                yield node.lineno
        if isinstance(node, _LISTS):
            found = [*_texts(node)]
            secret = [it for it in found if it in known]
            if len(secret) > 1 and 2 * len(secret) > len(found):
                yield node.lineno


def test_nobody_has_a_list_of_secrets_of_its_own() -> None:
    files = [*ROOT.rglob("*.py")]
    assert REGISTRY in files
    found = {str(path): [*_lists_of_secrets(path)] for path in files}
    assert [it for it, lines in found.items() if lines] == [str(REGISTRY)]


@pytest.mark.parametrize(
    "line",
    [
        '_HIDDEN = frozenset({"idTag", "password"})',
        "_HIDDEN = frozenset({*(CONF_PASSWORD, CONF_DB_URL)})",
        'shown = {k: v for k, v in it.items() if k not in ("card", "id_token")}',
        '_SECRETS = ("Pincode",)',
    ],
)
def test_such_a_list_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "own.py").write_text(line)
    assert [*_lists_of_secrets(tmp_path / "own.py")]


def test_who_takes_secrets_out_asks_what_they_are() -> None:
    """Whoever puts the word that stands for them has it from the registry where."""
    users = {
        path.name
        for path in ROOT.rglob("*.py")
        if re.search(r"\bREDACTED\b", path.read_text())
    }
    assert users == {"secrets.py", "diagnostics.py"}
    for path in (ROOT / "csms" / "secrets.py", ROOT / "diagnostics.py"):
        assert "secret_names import is_secret_" in path.read_text()
