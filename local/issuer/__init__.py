"""The local token issuer."""

TENANT = "c0441d00-0000-4000-8000-000000000001"
