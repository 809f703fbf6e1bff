"""Storage: checks 13 to 28."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from infra.engine.resources import STACK_TYPE, Resource
from infra.rules import Finding
from infra.rules.checks.check import Check, Each, Held, departure, equal, every, in_production
from infra.rules.private_doors import every_service_has_a_private_endpoint, no_service_has_a_public_door
from infra.rules.production import production_takes_no_development_dial
from infra.rules.reading import app_settings, items, of_kinds, same_id, value
from shared.catalog.flows import FLOWS
from shared.catalog.model import DataClass

_ACCOUNT, _CONTAINER, _BLOBS = "storage:StorageAccount", "storage:BlobContainer", "storage:BlobServiceProperties"
_WRITE_ONCE = "storage:BlobContainerImmutabilityPolicy"
_ACCOUNT_STATE = "immutableStorageWithVersioning.immutabilityPolicy.state"
_ARCHIVE = "archive"
_TLS = ("TLS1_2", "TLS1_3")
_RECOVERABLE_DAYS = 7
# What a program registers to use a service of an account, and the service's own name.
_SERVICES = {"storage:Queue": "queue", "storage:Table": "table", "storage:FileShare": "file"}


def _services_without_an_endpoint(resources: Sequence[Resource]) -> Iterator[Finding]:
    links = [
        (link.get("privateLinkServiceId"), group)
        for endpoint in of_kinds(resources, "network:PrivateEndpoint")
        for link in items(endpoint, "privateLinkServiceConnections")
        for group in link.get("groupIds") or ()
    ]
    for account in of_kinds(resources, _ACCOUNT):
        for service in sorted(_services_in_use(account, resources)):
            if not any(same_id(account.id, target) and group == service for target, group in links):
                yield departure(account, "", f"its {service} service is used and no private endpoint leads there")


def _services_in_use(account: Resource, resources: Sequence[Resource]) -> set[str]:
    name = value(account, "accountName")
    made = {_SERVICES[each.kind] for each in of_kinds(resources, *_SERVICES) if value(each, "accountName") == name}
    said = " ".join(text for app in of_kinds(resources, "web:WebApp") for text in app_settings(app).values())
    return made | {each for each in _SERVICES.values() if f"//{name}.{each}." in said}


def _deleted_for_good(path: str) -> Each:
    return Each(_BLOBS, path, _recoverable, f"enabled, with {_RECOVERABLE_DAYS} days or more")


def _recoverable(policy: Any) -> bool:
    return bool(policy) and policy.get("enabled") is True and policy.get("days", 0) >= _RECOVERABLE_DAYS


def _accounts_without(kind: str, text: str) -> Any:
    def find(resources: Sequence[Resource]) -> Iterator[Finding]:
        having = {value(each, "accountName") for each in of_kinds(resources, kind)}
        for account in of_kinds(resources, _ACCOUNT):
            if value(account, "accountName") not in having:
                yield departure(account, "", text)

    return find


def _records_under_another_key(resources: Sequence[Resource]) -> Iterator[Finding]:
    path = "encryption.keySource"
    for account in of_kinds(resources, _ACCOUNT):
        if value(account, "tags.data-class") != "none" and value(account, path) != "Microsoft.Keyvault":
            yield departure(account, path, "set it to Microsoft.Keyvault: see corridor:customerManagedKeys")


def _records_that_could_change(resources: Sequence[Resource]) -> Iterator[Finding]:
    kept = max(flow.retention.keep.days for flow in FLOWS if flow.data_class is not DataClass.NONE)
    policies = {(value(each, "accountName"), value(each, "containerName")): each
                for each in of_kinds(resources, _WRITE_ONCE)}  # fmt: skip
    for container in of_kinds(resources, _CONTAINER):
        if value(container, "containerName") != _ARCHIVE:
            continue
        policy = policies.get((value(container, "accountName"), _ARCHIVE))
        path = "immutabilityPeriodSinceCreationInDays"
        if policy is None:
            yield departure(container, "", "has no write-once policy: records could be changed")
        elif (value(policy, path) or 0) < kept:
            yield departure(policy, path, f"set it to the retention of the catalogue, {kept} days, or more")
    yield from _records_not_locked(resources, {account for account, _ in policies})


def _records_not_locked(resources: Sequence[Resource], accounts: set[Any]) -> Iterator[Finding]:
    # Before its code is there a platform has no records: nothing is locked until the doors are closed.
    opened = any(each.type == STACK_TYPE and each.outputs.get("publicDoors") == "open" for each in resources)
    for account in of_kinds(resources, _ACCOUNT) if in_production(resources) and not opened else ():
        if value(account, "accountName") in accounts and value(account, _ACCOUNT_STATE) != "Locked":
            yield departure(account, _ACCOUNT_STATE, "set it to Locked in production")


CHECKS = (
    Check(13, "storage-https", "an account takes https alone", ("AZR-000196", "CKV_AZURE_3", "404c3081"),
          equal(_ACCOUNT, "enableHttpsTrafficOnly", wanted=True)),
    Check(14, "storage-tls", "an account takes TLS 1.2 or newer", ("AZR-000200", "CKV_AZURE_44", "fe83a0eb"),
          Each(_ACCOUNT, "minimumTlsVersion", lambda found: found in _TLS, "TLS1_2")),
    Check(15, "storage-public-blobs", "no blob can be public", ("AZR-000198", "CKV_AZURE_59", "4fa4b6c0"),
          equal(_ACCOUNT, "allowBlobPublicAccess", wanted=False)),
    Check(16, "storage-shared-key", "no key opens an account", ("8c6a50c6",),
          equal(_ACCOUNT, "allowSharedKeyAccess", wanted=False)),
    Check(17, "storage-public", "an account has no public door", ("b2982f36",),
          Held(no_service_has_a_public_door, "public-door", (_ACCOUNT,))),
    Check(18, "storage-firewall", "an account's firewall denies by default",
          ("AZR-000202", "CKV_AZURE_35", "34c877ad"), equal(_ACCOUNT, "networkRuleSet.defaultAction", "Deny")),
    Check(19, "storage-endpoint", "a private endpoint leads to each service of an account that is used",
          ("6edd7eda",),
          every(Held(every_service_has_a_private_endpoint, "private-endpoint", (_ACCOUNT,)),
                _services_without_an_endpoint)),
    Check(20, "storage-public-container", "no container is public", ("AZR-000199", "CKV_AZURE_34"),
          equal(_CONTAINER, "publicAccess", "None")),
    Check(21, "storage-deleted-blobs", "a deleted blob can be recovered", ("AZR-000197",),
          every(_deleted_for_good("deleteRetentionPolicy"), _accounts_without(_BLOBS, "does not say how blobs go"))),
    Check(22, "storage-deleted-containers", "a deleted container can be recovered", ("AZR-000289",),
          _deleted_for_good("containerDeleteRetentionPolicy")),
    Check(23, "storage-zones", "an account of production survives the loss of a zone",
          ("AZR-000195", "CKV_AZURE_206"),
          Held(production_takes_no_development_dial, "production-dial", (_ACCOUNT,), "sku.name")),
    Check(24, "storage-encrypted-twice", "an account is encrypted below its own encryption too", ("4733ea7b",),
          equal(_ACCOUNT, "encryption.requireInfrastructureEncryption", wanted=True)),
    Check(25, "storage-customer-key", "what may hold patients' data is encrypted with a key of ours", ("6fac406b",),
          _records_under_another_key),
    Check(26, "storage-write-once", "the archive is write-once for as long as it is kept, in production locked",
          (), _records_that_could_change),
    Check(27, "storage-lifecycle", "what an account holds is disposed of in time", (),
          _accounts_without("storage:ManagementPolicy", "has no lifecycle rule: what it holds would stay")),
    Check(28, "storage-cross-tenant", "nothing is replicated to another tenant", (),
          equal(_ACCOUNT, "allowCrossTenantReplication", wanted=False)),
)  # fmt: skip
