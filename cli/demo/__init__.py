"""A hospital's day, sent, interrupted and judged."""
