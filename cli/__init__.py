"""The `corridor` commands."""
