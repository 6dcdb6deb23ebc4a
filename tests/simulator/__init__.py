"""An OCPP 1.6J charger with a car, to prove a central system with."""

from .car import Car
from .charger import Charger
from .configuration import ConfigKey
from .link import CallError, Silence

__all__ = ["CallError", "Car", "Charger", "ConfigKey", "Silence"]
