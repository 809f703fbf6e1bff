"""The dials of a stack: everything in which environments may differ, checked before anything is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi

_MESSAGING_UNITS = {1, 2, 4, 8, 16}
_INSTANCE_MEMORY = {512, 2048, 4096}
_DATABASE_TIERS = {"B": "Burstable", "D": "GeneralPurpose", "E": "MemoryOptimized"}


@dataclass(frozen=True, slots=True)
class Dials:
    """
    One environment's dials.

    `prefix` begins every name that must be unique in the world; `messaging_units` is the size of Service Bus
    Premium; `always_ready` is how many warm instances each life-critical function group keeps; `zone_redundant`
    and `geo_redundant` say which failures the environment survives; `protect_state` makes whatever holds
    records impossible to delete by accident (and Key Vault impossible to purge, which cannot be undone);
    `addresses` has the URL behind each setting that a partner file names.
    """

    environment: str
    prefix: str
    messaging_units: int
    database_size: str
    instance_memory: int
    maximum_instances: int
    always_ready: int
    zone_redundant: bool
    geo_redundant: bool
    protect_state: bool
    addresses: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse values that Azure would refuse later, in one line that says what to change."""
        _check("messagingUnits", self.messaging_units in _MESSAGING_UNITS, "1, 2, 4, 8 or 16")
        _check("instanceMemory", self.instance_memory in _INSTANCE_MEMORY, "512, 2048 or 4096 MB")
        _check("maximumInstances", 40 <= self.maximum_instances <= 1000, "a number from 40 to 1000")
        _check("alwaysReady", 0 <= self.always_ready <= self.maximum_instances, "a number up to maximumInstances")
        _check("databaseSize", self._family() in _DATABASE_TIERS, "a Standard_B, Standard_D or Standard_E size")
        plain = sorted(name for name, url in self.addresses.items() if not url.startswith("https://"))
        _check(f"addresses.{', '.join(plain)}", not plain, "an https address")
        burstable = self.database_tier == "Burstable"
        _check("databaseSize", not (burstable and self.zone_redundant), "not burstable where zoneRedundant is true")

    def _family(self) -> str:
        return self.database_size.removeprefix("Standard_")[:1]

    def addresses_of(self, settings: Iterable[str]) -> dict[str, str]:
        """Return the addresses of these settings; ValueError if one has none here."""
        wanted = sorted(settings)
        missing = [name for name in wanted if name not in self.addresses]
        _check(f"addresses.{', '.join(missing)}", not missing, "the address that a partner file wants here")
        return {name: self.addresses[name] for name in wanted}

    @property
    def database_tier(self) -> str:
        """The pricing tier that PostgreSQL Flexible Server wants beside the size."""
        return _DATABASE_TIERS[self._family()]

    @property
    def storage_sku(self) -> str:
        """The replication of records: within a zone, across zones, or across regions too."""
        if self.geo_redundant:
            return "Standard_GZRS" if self.zone_redundant else "Standard_GRS"
        return self.host_storage_sku

    @property
    def host_storage_sku(self) -> str:
        """The replication of what a deployment can make again: never across regions."""
        return "Standard_ZRS" if self.zone_redundant else "Standard_LRS"


def read_dials() -> Dials:
    """Return the dials of the running stack; the error names the first that is missing or wrong."""
    config = pulumi.Config()
    return Dials(
        environment=pulumi.get_stack(),
        prefix=config.require("prefix"),
        messaging_units=config.require_int("messagingUnits"),
        database_size=config.require("databaseSize"),
        instance_memory=config.require_int("instanceMemory"),
        maximum_instances=config.require_int("maximumInstances"),
        always_ready=config.require_int("alwaysReady"),
        zone_redundant=config.require_bool("zoneRedundant"),
        geo_redundant=config.require_bool("geoRedundant"),
        protect_state=config.require_bool("protectState"),
        addresses=config.require_object("addresses"),
    )


def _check(dial: str, holds: bool, wanted: str) -> None:
    if not holds:
        raise ValueError(f"corridor:{dial}: set it to {wanted}")
