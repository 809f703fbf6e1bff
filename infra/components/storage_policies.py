"""How long a container keeps what is in it: written once, moved to cheaper tiers with age, disposed of at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi_azure_native import storage

# Azure's limit for write-once, in days (400 years).
_LONGEST = 146_000
# Payloads are replayed within weeks; after that they are read for an audit at most.
_COOL_DAYS, _COLD_DAYS = 90, 365


@dataclass(frozen=True, slots=True)
class Container:
    """A container; `keep_days` 0 keeps for ever, and is the case of what a deployment overwrites."""

    name: str
    keep_days: int = 0
    write_once: bool = False

    def __post_init__(self) -> None:
        """Refuse write-once without an end, or beyond what Azure takes."""
        if self.write_once and not 1 <= self.keep_days <= _LONGEST:
            raise ValueError(f"{self.name}: a write-once container keeps 1 to {_LONGEST} days, not {self.keep_days}")


def lifecycle(containers: Sequence[Container]) -> storage.ManagementPolicySchemaArgs:
    """Return one rule per container that has an end. Disposal waits for write-once and for legal holds by itself."""
    return storage.ManagementPolicySchemaArgs(rules=[_rule(each) for each in containers if each.keep_days])


def _rule(container: Container) -> storage.ManagementPolicyRuleArgs:
    return storage.ManagementPolicyRuleArgs(
        name=f"keep-{container.name}",
        enabled=True,
        type=storage.RuleType.LIFECYCLE,
        definition=storage.ManagementPolicyDefinitionArgs(
            filters=storage.ManagementPolicyFilterArgs(blob_types=["blockBlob"], prefix_match=[f"{container.name}/"]),
            actions=storage.ManagementPolicyActionArgs(
                base_blob=storage.ManagementPolicyBaseBlobArgs(
                    tier_to_cool=_aged(_COOL_DAYS, container),
                    tier_to_cold=_aged(_COLD_DAYS, container),
                    delete=_modified(container.keep_days),
                ),
                version=storage.ManagementPolicyVersionArgs(
                    delete=storage.DateAfterCreationArgs(days_after_creation_greater_than=container.keep_days)
                ),
            ),
        ),
    )


def _aged(days: int, container: Container) -> storage.DateAfterModificationArgs | None:
    return _modified(days) if days < container.keep_days else None


def _modified(days: int) -> storage.DateAfterModificationArgs:
    return storage.DateAfterModificationArgs(days_after_modification_greater_than=days)
