"""A charger that can be moved to another security profile, and really connects with it."""

from typing import Any, override

from websockets.exceptions import InvalidHandshake

from .charger import Charger
from .commands import status
from .configuration import ConfigKey
from .link import FollowUp, Handler, Payload, Reply
from .trust import Trust

_PROFILE = "SecurityProfile"


class SecureCharger(Charger):
    """A charger of 1.6 with security profiles.

    It knows the address of the encrypted port. Of one that `stays_away` nothing is heard
    after a move, and one that can't connect in the new way does as before. With `reboot` it
    wants to be restarted first.
    """

    def __init__(
        self,
        url: str,
        identity: str,
        *,
        secure_url: str,
        stays_away: bool = False,
        reboot: bool = False,
        **options: Any,
    ) -> None:
        """Set up a charger at profile 0; `options` are those of Charger."""
        super().__init__(url, identity, **options)
        self.trust = Trust(self)
        self.stays_away = stays_away
        self._urls = url, secure_url
        self._wanted = 0
        self.configuration[_PROFILE] = ConfigKey("0", reboot=reboot)
        self._secure: dict[str, Handler] = {
            "CertificateSigned": self._certificate_signed,
            "ChangeConfiguration": self._change_configuration,
            "InstallCertificate": self._install_certificate,
        }

    @override
    def handle(self, action: str, payload: Payload) -> Reply:
        """Return the answer to a call, and what to do once it is given."""
        if action == "ExtendedTriggerMessage" and (
            payload["requestedMessage"] == "SignChargePointCertificate"
        ):
            return status("Accepted", self._ask)
        if (handler := self._secure.get(action)) is not None:
            return handler(payload)
        return super().handle(action, payload)

    async def _ask(self) -> None:
        await self.call("SignCertificate", {"csr": self.trust.ask(self.identity)})

    def _certificate_signed(self, payload: Payload) -> Reply:
        taken = self.trust.take(payload["certificateChain"])
        return status("Accepted" if taken else "Rejected")

    def _install_certificate(self, payload: Payload) -> Reply:
        if not self.trust.install(payload["certificate"]):
            return status("Rejected")
        return self.maintenance.install_certificate(payload)

    def _change_configuration(self, payload: Payload) -> Reply:
        key, value = payload["key"], payload["value"]
        if key == _PROFILE and not self.trust.allows(int(value)):
            return status("Rejected")
        answer, follow_up = super().handle("ChangeConfiguration", payload)
        if key == "AuthorizationKey":
            self.trust.password = bytes.fromhex(value)
            # This one takes it up at once.
            answer = {"status": "Accepted"}
        move: FollowUp | None = follow_up
        if key == _PROFILE:
            self._wanted = int(value)
            move = self.move if answer["status"] == "Accepted" else follow_up
        return answer, move

    @override
    async def reset(self, kind: str) -> None:
        if self._wanted != self.trust.profile:
            self.boot_status = None
            await self.move()
        else:
            await super().reset(kind)

    async def move(self) -> None:
        """Leave, and connect with the profile that was asked for."""
        before = self.trust.profile
        await self.disconnect()
        if self.stays_away:
            return
        self.trust.use(self._wanted, self._urls[self._wanted >= 2])
        try:
            await self.connect()
        except OSError, InvalidHandshake:
            self.trust.use(before, self._urls[before >= 2])
            await self.connect()
        await self.power_up()
