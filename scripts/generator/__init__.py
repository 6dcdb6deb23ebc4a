"""Everything that is made from the registry of commands."""
