"""What Azure's regions can do, as far as dials depend on it: availability zones, and the region of the second copy."""

from __future__ import annotations

NONE = "none"

ZONES = ("1", "2", "3")

# The region to which geo-redundant storage and database backups copy: Azure decides it, nobody can choose another.
_PAIR_OF = {
    "australiaeast": "australiasoutheast",
    "brazilsouth": "southcentralus",
    "canadacentral": "canadaeast",
    "canadaeast": "canadacentral",
    "centralus": "eastus2",
    "eastus": "westus",
    "eastus2": "centralus",
    "francecentral": "francesouth",
    "germanywestcentral": "germanynorth",
    "japaneast": "japanwest",
    "koreacentral": "koreasouth",
    "northcentralus": "southcentralus",
    "northeurope": "westeurope",
    "norwayeast": "norwaywest",
    "southcentralus": "northcentralus",
    "swedencentral": "swedensouth",
    "switzerlandnorth": "switzerlandwest",
    "uksouth": "ukwest",
    "ukwest": "uksouth",
    "westeurope": "northeurope",
    "westus": "eastus",
    "westus2": "westcentralus",
    "westus3": "eastus",
}
_WITHOUT_PAIR = frozenset({"israelcentral", "italynorth", "mexicocentral", "polandcentral", "spaincentral"})
_WITHOUT_ZONES = frozenset({"canadaeast", "northcentralus", "ukwest", "westus"})


def is_known(region: str) -> bool:
    """Tell whether the product knows what `region` can do."""
    return region in _PAIR_OF or region in _WITHOUT_PAIR


def has_zones(region: str) -> bool:
    """Tell whether a known region has availability zones."""
    return is_known(region) and region not in _WITHOUT_ZONES


def pair_of(region: str) -> str:
    """Return the region of the second copy, or `none` where Azure keeps none."""
    return _PAIR_OF.get(region, NONE)
