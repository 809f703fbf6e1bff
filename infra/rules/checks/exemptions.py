"""Where a check does not hold and need not: what, why, and whether in production too. A test finds unused ones."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from infra.engine.resources import name_of, type_of
from infra.rules import Finding
from infra.rules.production import PRODUCTION


@dataclass(frozen=True)
class Exemption:
    """`resource` is `kind name`, with `*` for anything; `everywhere` means in production too."""

    check: str
    resource: str
    reason: str
    everywhere: bool = False

    def covers(self, found: Finding) -> bool:
        """Tell whether this is what was found."""
        stack = found.urn.split("::")[0].removeprefix("urn:pulumi:")
        named = f"{type_of(found.urn).partition(':')[2]} {name_of(found.urn)}" if found.urn else ""
        return (
            found.rule == self.check and fnmatchcase(named, self.resource) and (self.everywhere or stack != PRODUCTION)
        )


_THROWAWAY = "an environment below production holds test data alone"

EXEMPTIONS = (
    Exemption("storage-customer-key", "storage:StorageAccount *-host", "holds code and no records", everywhere=True),
    Exemption("storage-customer-key", "storage:StorageAccount *", _THROWAWAY + ": Microsoft's key encrypts it"),
    Exemption(
        "storage-lifecycle", "storage:StorageAccount *-host", "a deployment replaces what it holds", everywhere=True
    ),
    Exemption("bus-customer-key", "servicebus:Namespace bus2", "holds no message before a failover", everywhere=True),
    Exemption("bus-customer-key", "servicebus:Namespace *", "hints carry no patient data: " + _THROWAWAY),
    Exemption(
        "app-health", "web:WebApp api", "each of its routes needs a token; alerts hear its silence", everywhere=True
    ),
    Exemption(
        "app-client-certificate", "web:WebApp *", "docs/adr/0018: mutual TLS ends at the first door", everywhere=True
    ),
    Exemption(
        "subnet-security-group", "network:Subnet *Subnet", "Azure refuses or manages one there", everywhere=True
    ),
    Exemption("open-inbound", "network:NetworkSecurityGroup door", "the one declared public door", everywhere=True),
    Exemption("flow-logs", "network:VirtualNetwork *", _THROWAWAY),
)


def exemption(found: Finding) -> Exemption | None:
    """Return the exemption that covers what was found, or None."""
    return next((each for each in EXEMPTIONS if each.covers(found)), None)
