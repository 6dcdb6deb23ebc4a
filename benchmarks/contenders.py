"""What is compared: the integration, and the least that other ways would cost."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import shutil
import socket
from typing import Any

from .worker import Worker

_HERE = Path(__file__).parent
_CONFIGURATION = """\
homeassistant:
  name: Benchmark
  time_zone: UTC
http:
  server_host: 127.0.0.1
  server_port: {port}
"""

type Entry = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One way to have chargers in Home Assistant.

    `entry` makes its config entry out of a port, identities and how many entities each of
    them is to have, which the integration decides itself.
    """

    name: str
    component: Path
    entry: Callable[[int, list[str], int], Entry]


def _integration(port: int, identities: list[str], _: int) -> Entry:
    return {
        "domain": "ocpp",
        "version": 3,
        "data": {"host": "127.0.0.1", "port": port},
        "subentries": [
            {
                "subentry_type": "charger",
                "title": identity,
                "unique_id": identity,
                "data": {"identity": identity, "maximum_current": 32, "phases": 3},
            }
            for identity in identities
        ],
    }


def _minimal(kind: str) -> Callable[[int, list[str], int], Entry]:
    def entry(port: int, identities: list[str], entities: int) -> Entry:
        return {
            "domain": "ocpp_minimal",
            "version": 1,
            "data": {
                "kind": kind,
                "port": port,
                "identities": identities,
                "entities": entities,
            },
        }

    return entry


_MINIMAL = _HERE / "components" / "ocpp_minimal"
INTEGRATION = Contender(
    name="integration",
    component=_HERE.parent / "custom_components" / "ocpp",
    entry=_integration,
)
BASELINE = Contender(name="baseline", component=_MINIMAL, entry=_minimal("bare"))
# What the bars are held against: a central system can't do without checking what it hears.
CHECKED = Contender(
    name="checked baseline", component=_MINIMAL, entry=_minimal("checked")
)
PACKAGE = Contender(name="ocpp package", component=_MINIMAL, entry=_minimal("package"))
# The integration is the first: the others get as many entities as it has.
CONTENDERS = (INTEGRATION, BASELINE, CHECKED, PACKAGE)


def free_port() -> int:
    """Return a port of the loopback interface that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def home_assistant(contender: Contender, config: Path) -> Worker:
    """Make a configuration of its own for a contender; return who runs it."""
    shutil.copytree(
        contender.component,
        config / "custom_components" / contender.component.name,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (config / "configuration.yaml").write_text(
        _CONFIGURATION.format(port=free_port()), encoding="utf-8"
    )
    return Worker("home_assistant", str(config), log=config / "stderr.log")


def chargers(config: Path) -> Worker:
    """Return who runs the chargers of a contender."""
    return Worker("chargers", log=config / "chargers.log")
