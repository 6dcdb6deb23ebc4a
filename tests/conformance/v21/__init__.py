"""What central systems of OCPP 2.1 have to do beyond 2.0.1."""
