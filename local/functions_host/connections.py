"""
Service Bus clients from the settings that Azure's host reads, identity first.

    <CONNECTION>__fullyQualifiedNamespace   host, optionally host:port
    <CONNECTION>__credential                managedidentity (the default)
    <CONNECTION>__clientId                  of a user-assigned identity
    <CONNECTION>                            a connection string, where no identity is configured
    CORRIDOR_CA_FILE                        PEM that the namespace's certificate is checked with
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azure.servicebus import ServiceBusClient, TransportType

from local.functions_host.settings import HostSettings
from shared.errors import ConfigurationError

# Reconnecting is the receivers' own work: one attempt shows an outage at once.
_CLIENT_OPTIONS: dict[str, Any] = {"retry_total": 0, "logging_enable": False}


def client_factory(
    connection: str, settings: HostSettings, *, patience: float | None = None
) -> Callable[[], ServiceBusClient]:
    """
    Return a function that opens a new client for `connection`; a missing setting is a ConfigurationError.

    `patience` is how many seconds one read of its socket may block, whatever a call's own waiting time is (the SDK's
    own: 0.2).
    """
    environment = settings.environment
    options: dict[str, Any] = dict(_CLIENT_OPTIONS)
    if patience is not None:
        options["socket_timeout"] = patience
    if settings.ca_file is not None:
        options["connection_verify"] = settings.ca_file
    namespace = environment.get(f"{connection}__fullyQualifiedNamespace")
    if namespace:
        kind = environment.get(f"{connection}__credential", "managedidentity")
        if kind.lower() != "managedidentity":
            raise ConfigurationError(
                "credential-not-implemented", connection, f"{connection}__credential={kind} is not built"
            )
        # Here, because an app without an identity should not wait for this import.
        from azure.identity import ManagedIdentityCredential

        credential = ManagedIdentityCredential(client_id=environment.get(f"{connection}__clientId") or None)
        host, _, port = namespace.partition(":")
        if port:
            # With TLS the SDK drops the namespace's port; a custom endpoint keeps it (by web socket unless told).
            options |= {"custom_endpoint_address": f"sb://{host}:{port}", "transport_type": TransportType.Amqp}
        return lambda: ServiceBusClient(host, credential, **options)
    text = environment.get(connection)
    if not text:
        raise ConfigurationError(
            "connection-missing",
            connection,
            f"neither {connection}__fullyQualifiedNamespace nor {connection} is set",
        )
    return lambda: ServiceBusClient.from_connection_string(text, **options)
