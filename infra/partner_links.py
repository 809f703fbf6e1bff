"""What dials say of single partners: the private lines of hospitals, and the stores that files are put into."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from typing import Any
from urllib.parse import urlsplit

from infra.dial_checks import check
from infra.dials import Dials
from shared.partners.model import Partners

_ID = r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/"
_CIRCUIT = re.compile(_ID + r"Microsoft\.Network/expressRouteCircuits/[^/]+")
_STORE = re.compile(_ID + r"Microsoft\.Storage/storageAccounts/([a-z0-9]{3,24})")
_WANTED = {"none": (), "vpn": ("address", "ranges"), "expressroute": ("circuit",)}


@dataclass(frozen=True, slots=True)
class Line:
    """A partner's private line: its device and what lies behind it (VPN), or its circuit (ExpressRoute)."""

    partner: str
    address: str = ""
    ranges: tuple[str, ...] = ()
    circuit: str = ""


def lines(dials: Dials, partners: Partners) -> tuple[Line, ...]:
    """Return every line that the dial `hospitalLines` declares; ValueError names the first entry that cannot be."""
    found = []
    for name, given in sorted(dials.hospital_lines.items()):
        place = f"hospitalLines.{name}"
        check(place, name in partners.by_name, "a partner that has a file partners/<name>.yaml")
        wanted = _WANTED[dials.hospital_gateway]
        check("hospitalGateway", bool(wanted), "vpn or expressroute where hospitalLines names a line")
        check(place, sorted(given) == sorted(wanted), f"{' and '.join(wanted)} where hospitalGateway is that kind")
        found.append(_line(place, name, given, dials))
    taken = [(line.partner, IPv4Network(each)) for line in found for each in line.ranges]
    for number, (name, mine) in enumerate(taken):
        other = next((other for other, theirs in taken[:number] if mine.overlaps(theirs)), "")
        check(f"hospitalLines.{name}.ranges", not other, f"ranges that do not overlap those of {other}")
    return tuple(found)


def _line(place: str, name: str, given: Mapping[str, Any], dials: Dials) -> Line:
    if dials.hospital_gateway == "expressroute":
        known = _CIRCUIT.fullmatch(str(given["circuit"])) is not None
        check(f"{place}.circuit", known, "the resource id of an ExpressRoute circuit")
        return Line(name, circuit=str(given["circuit"]))
    address, ranges = str(given["address"]), given["ranges"]
    check(f"{place}.address", _is_public(address), "the public IPv4 address of the partner's device")
    listed = isinstance(ranges, list) and bool(ranges)
    check(f"{place}.ranges", listed, "a list of ranges among corridor:neighbours")
    inside = all(_is_within(str(each), dials.neighbours) for each in ranges)
    check(f"{place}.ranges", inside, "ranges within corridor:neighbours, which security rules let in")
    return Line(name, address, tuple(map(str, ranges)))


def file_stores(dials: Dials, partners: Partners) -> dict[str, str]:
    """
    Return the container, as a resource id, of each receiver of files whose store the dial `fileStores` names.

    A receiver that is not named gives the role itself, as one in another tenant must. ValueError names the first
    entry that is none.
    """
    settings = {
        partner.receives.endpoint.url_setting: name
        for name, partner in partners.by_name.items()
        if partner.receives and partner.receives.endpoint.kind == "file"
    }
    unknown = sorted(set(dials.file_stores) - set(settings))
    names = ", ".join(sorted(settings))
    check(
        f"fileStores.{', '.join(unknown)}", not unknown, f"one of the settings that receivers of files name: {names}"
    )
    return {
        settings[setting]: _container(setting, store, dials.addresses_of([setting])[setting])
        for setting, store in sorted(dials.file_stores.items())
    }


def _container(setting: str, store: str, address: str) -> str:
    account = _STORE.fullmatch(store)
    check(f"fileStores.{setting}", account is not None, "the resource id of a storage account")
    url = urlsplit(address)
    same = account is not None and (url.hostname or "").partition(".")[0] == account[1]
    check(f"fileStores.{setting}", same, f"the account of corridor:addresses.{setting}")
    container = url.path.strip("/")
    named = re.fullmatch(r"[a-z0-9](-?[a-z0-9]){2,62}", container) is not None
    check(f"addresses.{setting}", named, "https://<account>.blob.core.windows.net/<container>")
    return f"{store}/blobServices/default/containers/{container}"


def _is_public(text: str) -> bool:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return False
    return not (address.is_private or address.is_multicast or address.is_link_local or address.is_unspecified)


def _is_within(text: str, neighbours: Sequence[str]) -> bool:
    try:
        mine = IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        return False
    return any(mine.subnet_of(IPv4Network(each)) for each in neighbours)
