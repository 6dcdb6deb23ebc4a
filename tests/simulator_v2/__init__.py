"""An OCPP 2.0.1 or 2.1 charging station with cars, to prove a CSMS with."""

from tests.simulator.car import Car
from tests.simulator.link import CallError, Silence

from .device_model import Variable
from .station import Station

__all__ = ["CallError", "Car", "Silence", "Station", "Variable"]
