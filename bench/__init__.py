"""The performance tables: ratios within one run, never milliseconds to compare between runs."""
