"""Profiles, extensions and invariants in FHIRPath: what `validate` and the partner check look at beyond the walk."""
