"""Functional block P: data transfer."""

from typing import Any

from ..events import DataReceived
from ..lenient import name
from ..model import Payload
from ..versions import V2, V16
from .block import Block, answers


class DataTransfer(Block):
    """Messages between a vendor's station and a vendor's central system."""

    @answers("DataTransfer", V16, *V2)
    def on_data_transfer(self, payload: Payload) -> Payload:
        """Take what people wait for from this vendor.

        Accepting what nobody acts upon would be a lie (P02), which is why vendors
        are named in the options. What 2.x sends may be any JSON, and is not looked into.
        """
        vendor = name(payload.get("vendorId"))
        known = vendor.strip().casefold() in self.station.options.known_vendors
        self.station.happened(
            DataReceived(
                vendor_id=vendor,
                message_id=name(payload.get("messageId")),
                data=payload.get("data"),
                accepted=known,
            )
        )
        return {"status": "Accepted" if known else "UnknownVendorId"}

    async def send(
        self, vendor_id: str, message_id: str | None = None, data: Any = None
    ) -> Payload:
        """Send vendor-specific data and return the whole answer, unchanged (P01).

        1.6 takes text only, 2.x any JSON.
        """
        payload: Payload = {"vendorId": vendor_id}
        if message_id is not None:
            payload["messageId"] = message_id
        if data is not None:
            payload["data"] = data
        return await self.command("DataTransfer", payload)
