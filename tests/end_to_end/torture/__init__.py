"""Home Assistant is killed again and again while chargers go on charging."""
