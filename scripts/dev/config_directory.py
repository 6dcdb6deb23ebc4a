"""The configuration directory of the Home Assistant to develop with."""

from dataclasses import dataclass
import fcntl
import json
from pathlib import Path
from typing import Any

from .errors import DevelopError

CONFIGURATION = """\
# Written once by scripts/develop; yours to change.
frontend:
history:
logbook:
energy:
recorder:
  commit_interval: 1

automation: !include automations.yaml
scene: !include scenes.yaml
script: !include scripts.yaml

logger:
  default: warning
  logs:
    custom_components.ocpp: debug
"""

INCLUDED = ("automations.yaml", "scenes.yaml", "scripts.yaml")


@dataclass(frozen=True, kw_only=True)
class CentralSystemAddress:
    """Where the central system of a config entry listens."""

    host: str
    port: int


class ConfigDirectory:
    """Files that Home Assistant reads when it starts.

    All but the port of the user interface is written once and then left alone.
    """

    def __init__(self, path: Path, component: Path) -> None:
        """Remember where; `component` is the integration's directory."""
        self.path = path
        self._component = component
        self._storage = path / ".storage"
        self._lock: Any = None

    def lock(self) -> None:
        """Keep others from using this directory while this process lives."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = (self.path / ".develop.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DevelopError(f"Another one already uses {self.path.name}/") from error

    def write(self, *, http_port: int) -> None:
        """Write what is missing, and the port of the user interface."""
        self._storage.mkdir(parents=True, exist_ok=True)
        _write_once(self.path / "configuration.yaml", CONFIGURATION)
        for name in INCLUDED:
            _write_once(self.path / name, "[]\n" if name != "scripts.yaml" else "{}\n")
        self._link_component()
        self._write_http(http_port)
        # Skipping these steps of the onboarding keeps it from setting up
        # integrations that look for services on the internet.
        self._store_once(
            "onboarding", 4, 1, {"done": ["core_config", "analytics", "integration"]}
        )
        self._store_once(
            "core.config",
            1,
            4,
            {
                "location_name": "Development",
                "latitude": 0.0,
                "longitude": 0.0,
                "elevation": 0,
                "radius": 100,
                "unit_system_v2": "metric",
                "time_zone": _time_zone(),
                "currency": "EUR",
                "country": "DE",
                "language": "en",
                "external_url": None,
                "internal_url": None,
            },
        )

    def central_system(self) -> CentralSystemAddress | None:
        """Return where the configured central system listens, if there is one."""
        try:
            stored = json.loads((self._storage / "core.config_entries").read_text())
            for entry in stored["data"]["entries"]:
                if entry["domain"] == "ocpp" and entry.get("source") != "ignore":
                    settings = {**entry["data"], **entry["options"]}
                    return CentralSystemAddress(
                        host=str(settings["host"]), port=int(settings["port"])
                    )
        except FileNotFoundError, KeyError, TypeError, ValueError:
            return None
        return None

    def _link_component(self) -> None:
        link = self.path / "custom_components" / self._component.name
        link.parent.mkdir(exist_ok=True)
        if link.is_symlink():
            # The checkout may have moved.
            link.unlink()
        link.symlink_to(self._component, target_is_directory=True)

    def _write_http(self, port: int) -> None:
        """Bind the user interface to loopback: its password is public.

        The port stands here and not in configuration.yaml, where it would only be
        tried for five minutes.
        """
        self._store(
            "http",
            2,
            2,
            {
                "stable": {
                    "server_host": ["127.0.0.1"],
                    "server_port": port,
                    "cors_allowed_origins": [],
                    "login_attempts_threshold": -1,
                    "ip_ban_enabled": False,
                    "ssl_profile": "modern",
                    "use_x_frame_options": True,
                    "created_at": "2026-01-01T00:00:00+00:00",
                    "error": None,
                    "error_message": None,
                },
                "pending": None,
                "yaml_migration_done": True,
            },
        )

    def _store_once(
        self, key: str, version: int, minor_version: int, data: dict[str, Any]
    ) -> None:
        if not (self._storage / key).exists():
            self._store(key, version, minor_version, data)

    def _store(
        self, key: str, version: int, minor_version: int, data: dict[str, Any]
    ) -> None:
        content = {
            "version": version,
            "minor_version": minor_version,
            "key": key,
            "data": data,
        }
        (self._storage / key).write_text(json.dumps(content, indent=2))


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        path.write_text(text)


def _time_zone() -> str:
    """Return the machine's time zone by name."""
    _, found, name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")
    return name if found else "UTC"
