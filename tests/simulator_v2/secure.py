"""A station that can be moved to another security profile, and really connects with it."""

from typing import Any, override

from websockets.exceptions import InvalidHandshake

from tests.simulator.link import Handler, Payload, Reply
from tests.simulator.trust import Trust

from .commands.reply import status
from .station import Station

_PRIORITY = "OCPPCommCtrlr.NetworkConfigurationPriority"
_PROFILE = "SecurityCtrlr.SecurityProfile"


class SecureStation(Station):
    """A station of 2.x that connects by what its slots say, the first first.

    Slot 1 is how it connects when it is set up. Of one that `stays_away` nothing is heard
    after a restart.
    """

    def __init__(
        self, url: str, identity: str, *, stays_away: bool = False, **options: Any
    ) -> None:
        """Set up a station at profile 0; `options` are those of Station."""
        super().__init__(url, identity, **options)
        self.trust = Trust(self)
        self.stays_away = stays_away
        self.variables[_PROFILE].value = "0"
        self.state.network_profiles[1] = {
            "ocppCsmsUrl": url,
            "securityProfile": 0,
            "ocppInterface": "Wireless0",
        }
        self._secure: dict[str, Handler] = {
            "CertificateSigned": self._certificate_signed,
            "InstallCertificate": self._install_certificate,
            "SetVariables": self._set_variables,
        }

    @override
    def handle(self, action: str, payload: Payload) -> Reply:
        """Return the answer to a call, and what to do once it is given."""
        handler = self._secure.get(action)
        return handler(payload) if handler else super().handle(action, payload)

    @override
    async def sign_certificate(
        self,
        certificate_type: str = "ChargingStationCertificate",
        csr: str | None = None,
    ) -> None:
        csr = csr or self.trust.ask(self.identity)
        await super().sign_certificate(certificate_type, csr)

    def _certificate_signed(self, payload: Payload) -> Reply:
        if not self.trust.take(payload["certificateChain"]):
            return status("Rejected", why=("InvalidCertificate", "of another key"))
        return super().handle("CertificateSigned", payload)

    def _install_certificate(self, payload: Payload) -> Reply:
        if not self.trust.install(payload["certificate"]):
            return status("Rejected", why=("InvalidCertificate", "not PEM"))
        return super().handle("InstallCertificate", payload)

    def _set_variables(self, payload: Payload) -> Reply:
        for item in payload["setVariableData"]:
            name, value = item["variable"]["name"], item["attributeValue"]
            if name == "NetworkConfigurationPriority" and not self._can_be(value):
                result = {key: item[key] for key in ("component", "variable")}
                result["attributeStatus"] = "Rejected"
                return {"setVariableResult": [result]}, None
            if name == "BasicAuthPassword":
                self.trust.password = value.encode()
        return super().handle("SetVariables", payload)

    def _can_be(self, priority: str) -> bool:
        """Return if it has what the slots need (A05.FR.02 to .04)."""
        slots = (
            self.state.network_profiles.get(int(slot)) for slot in priority.split(",")
        )
        profiles = [slot["securityProfile"] for slot in slots if slot is not None]
        return bool(profiles) and all(
            it == self.trust.profile or self.trust.allows(it) for it in profiles
        )

    @override
    async def connect(self) -> None:
        """Connect by the first slot that leads anywhere (B10)."""
        if self.connected:
            return
        for number in (self.variables[_PRIORITY].value or "").split(","):
            slot = self.state.network_profiles[int(number)]
            self.trust.use(slot["securityProfile"], slot["ocppCsmsUrl"])
            try:
                await super().connect()
            except OSError, InvalidHandshake:
                continue
            self._forget_lower(slot["securityProfile"])
            return
        raise ConnectionError("no slot leads anywhere")

    def _forget_lower(self, profile: int) -> None:
        """Keep only what is as secure (A05.FR.06)."""
        self.variables[_PROFILE].value = str(profile)
        slots = self.state.network_profiles
        for number in [n for n, it in slots.items() if it["securityProfile"] < profile]:
            del slots[number]
        order = self.variables[_PRIORITY]
        kept = [n for n in (order.value or "").split(",") if int(n) in slots]
        order.value = ",".join(kept)

    @override
    async def reset(self, evse: int | None = None, reason: str = "RemoteReset") -> None:
        self.reboots = not self.stays_away
        await super().reset(evse, reason)
