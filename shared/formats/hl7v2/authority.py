"""Assigning authorities (HD, and the older plain IS): one string that stands for the issuer of an identifier."""

from __future__ import annotations

import re

_OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)


def authority(namespace: str, universal_id: str = "", universal_id_type: str = "") -> str:
    """
    Return the name of an authority: a URI when the universal id gives one, else the namespace as sent.

    `urn:oid:` for ISO, `urn:uuid:` for GUID and UUID, the URI itself for URI, and whatever else has the form of one.
    """
    if universal_id:
        if uri := uri_of(universal_id, universal_id_type):
            return uri
        if not namespace:
            return universal_id
    return namespace


def uri_of(universal_id: str, universal_id_type: str = "") -> str:
    """Return the URI that a universal id and its type (table 0301) make, "" when they make none."""
    value = universal_id.strip()
    kind = universal_id_type.strip().upper()
    if kind in ("ISO", "") and _OID.fullmatch(value):
        return f"urn:oid:{value}"
    if kind in ("GUID", "UUID", "") and _UUID.fullmatch(value.lower()):
        return f"urn:uuid:{value.lower()}"
    if kind in ("URI", "") and _ABSOLUTE.fullmatch(value):
        return value
    return ""
