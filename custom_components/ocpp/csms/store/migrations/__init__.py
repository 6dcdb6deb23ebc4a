"""From each version of the schema to the next, by Alembic."""

from .versions import v1_stations_and_transactions, v2_samples_cards_and_costs

STEPS = (v1_stations_and_transactions, v2_samples_cards_and_costs)
