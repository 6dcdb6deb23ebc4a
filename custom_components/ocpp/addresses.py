"""By which names and addresses chargers reach this machine."""

import ipaddress
import socket

from homeassistant.components import network
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from yarl import URL


async def async_own_address(hass: HomeAssistant) -> str:
    """Return the address that chargers in the same network reach this machine at."""
    try:
        return await network.async_get_source_ip(hass)
    except HomeAssistantError:
        return "homeassistant.local"


async def async_own_names(hass: HomeAssistant) -> list[str]:
    """Return the names and addresses by which chargers may call this machine.

    The first names the certificate. Link-local addresses mean nothing elsewhere.
    """
    host = await hass.async_add_executor_job(socket.gethostname)
    urls = [
        URL(url) for url in (hass.config.internal_url, hass.config.external_url) if url
    ]
    addresses = [
        str(address)
        for address in await network.async_get_enabled_source_ips(hass)
        if not address.is_link_local
    ]
    short = host.partition(".")[0]
    named = [*(url.host or "" for url in urls), host, f"{short}.local"]
    every = [*named, "homeassistant.local", *addresses, "localhost", "127.0.0.1"]
    return list(dict.fromkeys(name.casefold() for name in every if _is_name(name)))


def try_to_listen(host: str, port: int) -> None:
    """Find out whether anything could listen on a port, which blocks.

    Raises `OSError` where nothing could.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind(address)
        # Binding alone succeeds beside one that does not listen yet.
        tried.listen()


def _is_name(name: str) -> bool:
    """Return whether a certificate can be for this name or address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return bool(name) and name.isascii() and not set(name) & set(" _/%:")
    return "%" not in name
