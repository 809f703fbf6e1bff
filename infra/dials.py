"""The dials of a stack: everything in which environments may differ. `docs/dials.md` is made from this page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any

import pulumi
import pulumi.runtime

from infra.dial_checks import check, check_dials
from infra.dial_reading import dial_value
from infra.regions import NONE
from shared.catalog.model import Tier

_DATABASE_TIERS = {"B": "Burstable", "D": "GeneralPurpose", "E": "MemoryOptimized"}


def _dial(meaning: str) -> Any:
    return field(metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class Scale:
    """How far one tier scales: its warm instances per life-critical function group, its ceiling, its memory in MB."""

    always_ready: int
    maximum_instances: int
    instance_memory: int


@dataclass(frozen=True, slots=True)
class Dials:
    """One environment's dials; ValueError at construction if Azure or one another refuse them."""

    environment: str
    location: str
    prefix: str = _dial("begins every name that must be unique in the world")
    paired_region: str = _dial("where second copies go: Azure's pair of the location, or `none`")
    standby: bool = _dial("keep a second database server and a second namespace running in the paired region")
    zone_redundant: bool = _dial("survive the loss of a zone: database, plans, storage, addresses")
    address_space: str = _dial("the environment's private range, /20 or larger; every subnet is computed from it")
    neighbours: tuple[str, ...] = _dial("ranges that are reached through the hub: hospitals, other environments")
    firewall: str = _dial("what outward traffic passes: `none` (NAT gateway), `basic`, `standard` or `premium`")
    hospital_gateway: str = _dial("what hospitals' private lines end at: `none`, `vpn` or `expressroute`")
    hospital_lines: Mapping[str, Mapping[str, Any]] = _dial(
        "per partner with a private line: its device's `address` and its `ranges` (vpn), or its `circuit`"
    )
    ddos_protection: bool = _dial("a DDoS protection plan for the networks (about 2,900 USD a month)")
    flow_log_days: int = _dial("days for which the networks' flow logs are kept; 0: none are written")
    partner_door: str = _dial("where partners on the internet enter: `gateway` (API Management) or `waf` before it")
    pipeline_repository: str = _dial("the GitHub repository whose gated runs may release here, or `none`")
    public_doors: str = _dial("`open` for the first `pulumi up` alone, until the code is deployed; then `closed`")
    mutual_tls: bool = _dial("partners prove themselves by a client certificate, besides their token")
    door_host: str = _dial("the host name by which partners call the `waf` door; `none` where that is not the door")
    gateway_sku: str = _dial("tier of API Management: `Developer`, `StandardV2` or `Premium` (docs/front-door.md)")
    gateway_units: int = _dial("units of API Management; a Premium one per zone, where zoneRedundant is true")
    addresses: Mapping[str, str] = _dial("the URL behind each setting that a partner file names")
    file_stores: Mapping[str, str] = _dial(
        "the storage account behind an address that files are put to, by setting; else its owner gives the role"
    )
    messaging_units: int = _dial("size of Service Bus Premium: 1, 2, 4, 8 or 16")
    instance_memory: int = _dial("MB of a function instance: 512, 2048 or 4096")
    maximum_instances: int = _dial("how far a tier scales out: 40 to 1000")
    always_ready: int = _dial("warm instances per function group that is life-critical")
    tiers: Mapping[str, Mapping[str, int]] = _dial("per tier: its own alwaysReady, maximumInstances, instanceMemory")
    database_size: str = _dial("size of the database server; a burstable one has no connection pooler")
    database_storage: int = _dial("GB of the database at first; it grows by itself")
    backup_days: int = _dial("days to which the database can be restored: 7 to 35")
    protect_state: bool = _dial("what holds records needs two deliberate steps to delete; the vault cannot be purged")
    lock_records: bool = _dial("write-once for good: no one can shorten what the retention table says")
    customer_managed_keys: bool = _dial("records are encrypted with a key of ours, which rotates each year")
    log_retention_days: int = _dial("days for which logs are kept and can be asked: 30 to 730")
    log_daily_gb: int = _dial("GB of logs a day, after which no more are taken; 0: no cap")
    private_monitoring: bool = _dial("telemetry goes in and questions come in by private endpoints alone")
    alert_emails: tuple[str, ...] = _dial("e-mail addresses that an alert reaches")
    alert_webhooks: Mapping[str, str] = _dial("addresses that an alert is posted to, by name; they hold no secret")
    cost_centre: str = _dial("tag of every resource: who pays")
    monthly_budget: int = _dial("USD; its contacts hear at 80 % spent and when 100 % is forecast")
    budget_start: str = _dial("first day of the month in which the stack was made, as YYYY-MM-01: Azure wants it")
    budget_contacts: tuple[str, ...] = _dial("e-mail addresses for the budget")
    policy: str = _dial("Azure Policy (HIPAA/HITRUST, allowed regions): `none`, `audit` or `enforce`")
    defender_plans: tuple[str, ...] = _dial("Microsoft Defender plans of the subscription, as Azure names them")

    def __post_init__(self) -> None:
        """Refuse values that Azure would refuse later, in one line that says what to change."""
        check_dials(self)
        for tier in self.tiers:
            self.scale_of(tier)

    def addresses_of(self, settings: Iterable[str]) -> dict[str, str]:
        """Return the addresses of these settings; ValueError if one has none here."""
        wanted = sorted(settings)
        missing = [name for name in wanted if name not in self.addresses]
        check(f"addresses.{', '.join(missing)}", not missing, "the address that a partner file wants here")
        return {name: self.addresses[name] for name in wanted}

    def scale_of(self, tier: str) -> Scale:
        """Return how far `tier` scales; ValueError for a tier or a setting that does not exist, or out of range."""
        own = self.tiers.get(tier, {})
        settings = {_camel(each.name): each.name for each in fields(Scale)}
        unknown = sorted(set(own) - set(settings))
        check(f"tiers.{tier}", tier in set(Tier), f"one of the tiers {', '.join(Tier)}")
        check(f"tiers.{tier}.{', '.join(unknown)}", not unknown, f"one of {', '.join(settings)}")
        scale = Scale(self.always_ready, self.maximum_instances, self.instance_memory)
        scale = replace(scale, **{settings[name]: value for name, value in own.items()})
        place = f"tiers.{tier}." if own else ""
        check(f"{place}instanceMemory", scale.instance_memory in {512, 2048, 4096}, "512, 2048 or 4096 MB")
        check(f"{place}maximumInstances", 40 <= scale.maximum_instances <= 1000, "a number from 40 to 1000")
        ready = 0 <= scale.always_ready <= scale.maximum_instances
        check(f"{place}alwaysReady", ready, "a number up to maximumInstances")
        return scale

    @property
    def geo_redundant(self) -> bool:
        """Whether records have a second copy in another region."""
        return self.paired_region != NONE

    @property
    def standby_region(self) -> str | None:
        """Where a second database server and a second namespace run, or None."""
        return self.paired_region if self.standby else None

    @property
    def behind_waf(self) -> bool:
        """Whether partners enter by a door before the gateway."""
        return self.partner_door == "waf"

    @property
    def doors_open(self) -> bool:
        """Whether this is the first of the two phases: the code is not there yet."""
        return self.public_doors == "open"

    @property
    def records_locked(self) -> bool:
        """Whether write-once is for good by now: Azure makes a policy unlocked, and locks it in a second step."""
        return self.lock_records and not self.doors_open

    @property
    def database_tier(self) -> str:
        """The pricing tier that PostgreSQL Flexible Server wants beside the size; empty for an unknown family."""
        return _DATABASE_TIERS.get(self.database_size.removeprefix("Standard_")[:1], "")

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


def dial_names() -> dict[str, str]:
    """Return each dial as a stack file writes it, with what it means, in the order of the page above."""
    return {_camel(each.name): each.metadata["meaning"] for each in fields(Dials) if "meaning" in each.metadata}


def read_dials() -> Dials:
    """Return the dials of the running stack; the error names the first that is missing or wrong."""
    config = pulumi.Config()
    refuse_unknown(pulumi.runtime.get_config_env())
    values: dict[str, Any] = {"environment": pulumi.get_stack()}
    values["location"] = pulumi.Config("azure-native").require("location")
    for each in fields(Dials):
        if "meaning" in each.metadata:
            dial = _camel(each.name)
            values[each.name] = dial_value(dial, str(each.type), config.require(dial))
    return Dials(**values)


def refuse_unknown(settings: Iterable[str]) -> None:
    """Refuse a setting of ours that is no dial: a misspelt one would change nothing and nobody would hear of it."""
    known = dial_names()
    for setting in sorted(settings):
        space, _, name = setting.partition(":")
        if space == "corridor" and name not in known:
            (near, *_) = (*get_close_matches(name, known, 1), "one of docs/dials.md")
            raise ValueError(f"{setting}: there is no such dial; set {near}")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
