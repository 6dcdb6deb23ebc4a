"""An OCPP central system in plain asyncio; nothing below here knows Home Assistant."""
