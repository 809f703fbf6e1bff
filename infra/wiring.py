"""What a tier is given: the grants that its steps need, and the settings that `shared/settings.py` reads."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra import access
from infra.components.database import DATABASE, DIRECT_PORT, Database
from infra.components.grants import Grant, Role
from infra.partner_files import partner_files
from infra.rooms import ARCHIVE, Rooms
from shared.catalog.model import Subscription, Tier

_ENTRA = "https://login.microsoftonline.com/"
# The runtime image's certificates: libpq does not look for them by itself.
_TRUSTED = "/etc/ssl/certs/ca-certificates.crt"


def grants_for(tier: Tier, rooms: Rooms, stores: Mapping[str, str]) -> list[Grant]:
    """
    Return the roles of `tier`, each on the one entity that a step of it uses.

    `stores` has the container of each receiver of files, by partner: Azure checks the role again at every file.
    """
    bus = access.bus_access(tier)
    entities = rooms.messaging.entity_ids
    grants = [Grant(Role.BUS_RECEIVER, _label(source), entities[source]) for source in bus.receives]
    grants += [Grant(Role.BUS_SENDER, target.name, entities[target]) for target in bus.sends]
    if tier in access.ARCHIVE_WRITERS:
        grants.append(Grant(Role.BLOB_CONTRIBUTOR, ARCHIVE, rooms.archive.container_ids[ARCHIVE]))
    if tier in access.ARCHIVE_READERS:
        grants.append(Grant(Role.BLOB_READER, ARCHIVE, rooms.archive.container_ids[ARCHIVE]))
    if rooms.landing is not None:
        dropped = access.drop_containers(access.steps_of(tier))
        grants += [Grant(Role.BLOB_CONTRIBUTOR, name, rooms.landing.container_ids[name]) for name in dropped]
    if tier in access.SECRET_READERS:
        grants.append(Grant(Role.SECRETS_READER, "vault", rooms.vault.vault_id))
    if tier is access.SIGNATURE_CHECKER:
        secrets = pulumi.Output.concat(rooms.vault.vault_id, "/secrets/")
        grants += [Grant(Role.SECRETS_READER, key, pulumi.Output.concat(secrets, key)) for key in signing_keys()]
    if tier is access.FACT_PUBLISHER:
        grants.append(Grant(Role.FACTS_SENDER, "facts", rooms.facts.topic_id))
    if tier is Tier.DELIVER:
        grants += [Grant(Role.BLOB_CONTRIBUTOR, name, container) for name, container in stores.items()]
    grants.append(Grant(Role.METRICS_PUBLISHER, "telemetry", rooms.logs.telemetry_id))
    return grants


def settings_for(tier: Tier, rooms: Rooms, addresses: Mapping[str, str]) -> dict[str, pulumi.Input[str]]:
    """Return the app settings of `tier`: addresses and names, never a secret."""
    place = rooms.place
    user = place.names.function_app(tier)
    settings: dict[str, pulumi.Input[str]] = {
        "SERVICE_BUS__fullyQualifiedNamespace": rooms.messaging.host,
        "APPLICATIONINSIGHTS_CONNECTION_STRING": rooms.logs.connection_string,
        "CORRIDOR_DATABASE_URL": database_url(rooms.database, user),
        "CORRIDOR_ARCHIVE_URL": rooms.archive.url_of(ARCHIVE),
        "CORRIDOR_KEY_VAULT_URL": rooms.vault.url,
        "CORRIDOR_TOKEN_ISSUER": pulumi.Output.concat(_ENTRA, place.tenant_id, "/v2.0"),
        "CORRIDOR_TOKEN_JWKS_URL": pulumi.Output.concat(_ENTRA, place.tenant_id, "/discovery/v2.0/keys"),
        # What Entra writes into a token of version 2: the application's own id, not its address.
        "CORRIDOR_TOKEN_AUDIENCE": rooms.directory.client_id,
        **(addresses if tier is Tier.DELIVER else {}),
    }
    if access.answers_http(tier):
        settings["CORRIDOR_BEHIND_GATEWAY"] = "true"
    if tier is access.FACT_PUBLISHER:
        settings["CORRIDOR_FACTS_URL"] = rooms.facts.endpoint
    if rooms.landing is not None and access.drop_containers(access.steps_of(tier)):
        settings["CORRIDOR_LANDING_URL"] = rooms.landing.blob_url
    return settings


def database_url(database: Database, user: str, *, pooled: bool = True) -> pulumi.Output[str]:
    """Return the ledger's URL for `user`, without a password; `pooled`: by way of the pooler, if there is one."""
    port = database.port if pooled else DIRECT_PORT
    verified = f"sslmode=verify-full&sslrootcert={_TRUSTED}"
    return pulumi.Output.concat("postgresql://", user, "@", database.host, f":{port}/", DATABASE, "?", verified)


def address_settings() -> set[str]:
    """Return the settings that the partner files name for where deliveries and their credentials go."""
    receivers = [partner.receives for partner in partner_files().by_name.values()]
    endpoints = [receiver.endpoint for receiver in receivers if receiver]
    named = {name for each in endpoints for name in (each.url_setting, each.credential.token_url_setting)}
    return named - {""}


def signing_keys() -> list[str]:
    """Return the Key Vault secrets with the keys of the partners that sign what they post."""
    sending = [partner.sends for partner in partner_files().by_name.values() if partner.sends]
    return sorted({sender.signing_secret for sender in sending} - {""})


def senders() -> list[str]:
    """Return the partners that send, in the order of their names."""
    return sorted(name for name, partner in partner_files().by_name.items() if partner.sends)


def _label(source: access.Source) -> str:
    return f"{source.topic.name}-{source.name}" if isinstance(source, Subscription) else source.name
