"""The test cases that the Open Charge Alliance has for central systems of OCPP 2.0.1."""
