"""Moving chargers to another security profile: where to, and what people are told of it."""

from collections.abc import Callable
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from homeassistant.core import HomeAssistant, callback

from .addresses import async_own_address
from .const import CONF_SECURITY_PROFILE, DOMAIN
from .csms.blocks.security_profile import Entrance
from .csms.central_system import CentralSystem
from .csms.charging_station import ChargingStation
from .csms.model import Part, Topic
from .csms.tls import Tls
from .telling import async_tell_while

# The first security profile that needs encryption.
_ENCRYPTED = 2


async def async_entrance(
    hass: HomeAssistant,
    central: CentralSystem,
    profile: int,
    *,
    url: str = "",
    interface: str = "",
) -> Entrance:
    """Return where a charger of a profile comes in; at another address where one is named."""
    tls = central.tls
    address = await async_own_address(hass)
    if profile < _ENCRYPTED:
        return Entrance(
            url=url or f"ws://{address}:{central.port}/",
            is_open=tls is None or tls.settings.plain,
            interface=interface,
        )
    if tls is None:
        return Entrance(url=url, is_open=False)
    root = await hass.async_add_executor_job(_root, tls)
    return Entrance(
        url=url or f"wss://{address}:{central.tls_port}/",
        is_open=True,
        root=root.public_bytes(Encoding.PEM).decode() if root is not None else "",
        root_serial=f"{root.serial_number:x}" if root is not None else "",
        organisation=tls.settings.organisation,
        interface=interface,
    )


def _root(tls: Tls) -> x509.Certificate | None:
    """Return what chargers have to trust, unless they have to have it from elsewhere.

    Files of people rarely have the root in them. Blocks.
    """
    if tls.settings.certificate is None:
        return tls.authority.root
    try:
        chain = x509.load_pem_x509_certificates(tls.settings.certificate.read_bytes())
    except OSError, ValueError:
        return None
    return chain[-1] if chain[-1].issuer == chain[-1].subject else None


@callback
def async_follow_security_profile(
    hass: HomeAssistant, station: ChargingStation, subentry_id: str, title: str
) -> Callable[[], None]:
    """Ask of a charger from now on what it was moved to, and tell where that failed.

    Return how to stop that, and to tell people no more.
    """
    profiles = station.security_profile

    @callback
    def keep(profile: int) -> None:
        for entry in hass.config_entries.async_entries(DOMAIN):
            if (subentry := entry.subentries.get(subentry_id)) is not None:
                data = {**subentry.data, CONF_SECURITY_PROFILE: str(profile)}
                hass.config_entries.async_update_subentry(entry, subentry, data=data)

    def words() -> dict[str, str] | None:
        if profiles.failed in (None, station.settings.security_profile):
            return None
        return {"title": title, "profile": str(profiles.failed)}

    profiles.on_moved = keep
    stop_telling = async_tell_while(
        hass,
        "charger_not_moved",
        subentry_id,
        words,
        partial(station.watch, Part(Topic.INFO)),
    )

    @callback
    def stop() -> None:
        profiles.on_moved = lambda _: None
        stop_telling()

    return stop
