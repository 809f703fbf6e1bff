"""A soak: a hospital's traffic under faults, judged by what reached the destinations."""
