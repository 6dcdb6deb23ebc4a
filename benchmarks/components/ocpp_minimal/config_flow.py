"""There is nothing to configure; Home Assistant wants a handler for each entry."""

from homeassistant.config_entries import ConfigFlow


class MinimalFlow(ConfigFlow, domain="ocpp_minimal"):
    """No steps."""

    VERSION = 1
