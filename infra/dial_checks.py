"""What a stack's dials must obey, each by itself and all together, checked before anything is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra.address_plan import plan_addresses
from infra.regions import NONE, ZONES, has_zones, is_known, pair_of

if TYPE_CHECKING:
    from infra.dials import Dials

_CHOICES = {
    "firewall": ("none", "basic", "standard", "premium"),
    "hospital_gateway": ("none", "vpn", "expressroute"),
    "partner_door": ("gateway", "waf"),
    "gateway_sku": ("Developer", "StandardV2", "Premium"),
    "public_doors": ("open", "closed"),
    "policy": ("none", "audit", "enforce"),
}
_MESSAGING_UNITS = {1, 2, 4, 8, 16}
_DEFENDER_PLANS = {"Api", "AppServices", "Arm", "KeyVaults", "OpenSourceRelationalDatabases", "StorageAccounts"}
_PRODUCTION = "prod"


def check(dial: str, holds: bool, wanted: str) -> None:
    """Raise ValueError, in one line that names the dial and what to set it to, unless it `holds`."""
    if not holds:
        raise ValueError(f"corridor:{dial}: set it to {wanted}")


def check_dials(dials: Dials) -> None:
    """Refuse dials that Azure would refuse, that contradict one another, or that production must not have."""
    _check_values(dials)
    _check_places(dials)
    _check_front_door(dials)
    _check_recovery(dials)
    if dials.environment == _PRODUCTION:
        _check_production(dials)


def _check_values(dials: Dials) -> None:
    for name, choices in _CHOICES.items():
        first, *rest = name.split("_")
        dial = first + "".join(map(str.capitalize, rest))
        check(dial, getattr(dials, name) in choices, f"one of {', '.join(choices)}")
    repository = re.fullmatch(r"[\w.-]+/[\w.-]+|none", dials.pipeline_repository)
    check("pipelineRepository", repository is not None, "owner/name of a repository on GitHub, or none")
    check("messagingUnits", dials.messaging_units in _MESSAGING_UNITS, "1, 2, 4, 8 or 16")
    check("instanceMemory", dials.instance_memory in {512, 2048, 4096}, "512, 2048 or 4096 MB")
    check("maximumInstances", 40 <= dials.maximum_instances <= 1000, "a number from 40 to 1000")
    check("alwaysReady", 0 <= dials.always_ready <= dials.maximum_instances, "a number up to maximumInstances")
    check("databaseSize", bool(dials.database_tier), "a Standard_B, Standard_D or Standard_E size")
    check("databaseStorage", 32 <= dials.database_storage <= 32767, "a number from 32 to 32767 GB")
    check("backupDays", 7 <= dials.backup_days <= 35, "a number from 7 to 35")
    check("flowLogDays", 0 <= dials.flow_log_days <= 365, "a number from 0 to 365")
    check("monthlyBudget", dials.monthly_budget > 0, "more than 0 USD")
    month = re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])-01", dials.budget_start)
    check("budgetStart", month is not None, "the first day of a month, for instance 2026-12-01, in quotes")
    mailboxes = bool(dials.budget_contacts) and all("@" in contact for contact in dials.budget_contacts)
    check("budgetContacts", mailboxes, "at least one e-mail address")
    _check_watching(dials)
    check("costCentre", bool(dials.cost_centre.strip()), "the name or number of whoever pays")
    unknown = sorted(set(dials.defender_plans) - _DEFENDER_PLANS)
    check(f"defenderPlans.{', '.join(unknown)}", not unknown, f"plans among {', '.join(sorted(_DEFENDER_PLANS))}")
    plain = sorted(name for name, url in dials.addresses.items() if not url.startswith("https://"))
    check(f"addresses.{', '.join(plain)}", not plain, "an https address")


def _check_watching(dials: Dials) -> None:
    check("logRetentionDays", 30 <= dials.log_retention_days <= 730, "a number from 30 to 730")
    check("logDailyGb", dials.log_daily_gb >= 0, "a number of GB, or 0 for no cap")
    mailboxes = bool(dials.alert_emails) and all("@" in address for address in dials.alert_emails)
    check("alertEmails", mailboxes, "at least one e-mail address")
    # What stands after a question mark is how such addresses carry their key.
    open_ = sorted(name for name, url in dials.alert_webhooks.items() if not url.startswith("https://") or "?" in url)
    check(f"alertWebhooks.{', '.join(open_)}", not open_, "an https address without a query")


def _check_places(dials: Dials) -> None:
    plan_addresses(dials.address_space, dials.neighbours)
    if not is_known(dials.location):
        raise ValueError(
            f"azure-native:location: set it to a region that infra/regions.py knows, not {dials.location}"
        )
    zones = has_zones(dials.location) or not dials.zone_redundant
    check("zoneRedundant", zones, f"false: {dials.location} has no availability zones")
    unpaired = pair_of(dials.location)
    check("pairedRegion", dials.paired_region in {NONE, unpaired}, f"none or {unpaired}, the pair of {dials.location}")


def _check_front_door(dials: Dials) -> None:
    door = dials.partner_door == "waf"
    named = re.fullmatch(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", dials.door_host) is not None
    check("doorHost", named if door else dials.door_host == NONE, "a host name where partnerDoor is waf, else none")
    limit = {"Developer": 1, "StandardV2": 10, "Premium": 12}[dials.gateway_sku]
    check("gatewayUnits", 1 <= dials.gateway_units <= limit, f"a number from 1 to {limit} for {dials.gateway_sku}")
    spread = dials.gateway_sku != "Premium" or not dials.zone_redundant or dials.gateway_units >= len(ZONES)
    check("gatewayUnits", spread, f"{len(ZONES)} or more: a Premium gateway has a unit per zone")


def _check_recovery(dials: Dials) -> None:
    burstable = dials.database_tier == "Burstable"
    check("databaseSize", not (burstable and dials.zone_redundant), "not burstable where zoneRedundant is true")
    check("databaseSize", not (burstable and dials.standby), "not burstable where standby is true")
    check("standby", dials.geo_redundant or not dials.standby, "false where pairedRegion is none")
    check("lockRecords", dials.protect_state or not dials.lock_records, "false where protectState is false")
    keys = dials.protect_state or not dials.customer_managed_keys
    check("customerManagedKeys", keys, "false where protectState is false: a purged key is a lost archive")
    logged = dials.policy != "enforce" or dials.flow_log_days > 0
    check("flowLogDays", logged, "more than 0 where policy is enforce")


def _check_production(dials: Dials) -> None:
    check("protectState", dials.protect_state, "true in prod")
    check("lockRecords", dials.lock_records, "true in prod")
    check("zoneRedundant", dials.zone_redundant, "true in prod")
    check("pairedRegion", dials.geo_redundant, "the pair of the location in prod")
    check("databaseSize", dials.database_tier != "Burstable", "not burstable in prod")
    check("backupDays", dials.backup_days == 35, "35 in prod")
    check("flowLogDays", dials.flow_log_days > 0, "more than 0 in prod")
    check("gatewaySku", dials.gateway_sku != "Developer", "StandardV2 or Premium in prod")
    check("mutualTls", dials.mutual_tls, "true in prod")
    check("privateMonitoring", dials.private_monitoring, "true in prod")
    check("logDailyGb", dials.log_daily_gb == 0, "0 in prod")
    check("policy", dials.policy == "enforce", "enforce in prod")
    check("defenderPlans", bool(dials.defender_plans), "the plans of the services in use in prod")
    check("alwaysReady", dials.always_ready > 0, "at least 1 in prod")
