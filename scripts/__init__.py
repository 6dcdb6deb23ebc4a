"""Scripts for the work on the integration."""
