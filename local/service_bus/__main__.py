"""
The Service Bus stand-in as a program: `python -m local.service_bus --config FILE --store FILE --port N`.

It prints `ready service-bus PORT` when it listens and stops on SIGTERM or SIGINT. Exit codes: 0 stopped,
2 configuration or usage, 3 the port cannot be had, 4 the store cannot be opened or written.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import ssl
import sys
import time
from pathlib import Path

from local.service_bus.broker import Broker
from local.service_bus.config import ConfigError, NamespaceConfig, read_config
from local.service_bus.namespace import Namespace
from local.service_bus.schedule import Clockwork
from local.service_bus.store import Store, StoreError
from local.service_bus.tokens import KeySet, TokenVerifier
from local.service_bus.transfers import new_token

log = logging.getLogger("service-bus")


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal; return the exit code."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        config = read_config(options.config)
        tls = _tls(options.certificate, options.key)
    except ConfigError as error:
        log.error("configuration: %s", error)
        return 2
    try:
        store = Store(options.store)
    except StoreError as error:
        log.error("store: %s", error)
        return 4
    try:
        return asyncio.run(_serve(options, config, store, tls))
    except StoreError as error:
        log.error("store: %s", error)
        return 4
    finally:
        store.close()


async def _serve(
    options: argparse.Namespace, config: NamespaceConfig, store: Store, tls: ssl.SSLContext | None
) -> int:
    namespace = Namespace(config, Clockwork(time.time, new_token, store))
    taken, left = namespace.restore(store)
    log.info("%s messages restored, %s of entities that are not declared left alone", taken, left)
    verifier = None
    if options.issuer_jwks:
        verifier = TokenVerifier(KeySet(options.issuer_jwks), options.issuer, options.audience)
    broker = Broker(namespace, store, verifier, time.time)
    try:
        port = await broker.listen(options.host, options.port, tls)
    except OSError as error:
        log.error("port %s cannot be had: %s", options.port, error.strerror)
        return 3
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    sys.stdout.write(f"ready service-bus {port}\n")
    sys.stdout.flush()
    broker.failure.add_done_callback(lambda _: stopped.set())
    await stopped.wait()
    broker.stop()
    if broker.failure.done():
        broker.failure.result()
    return 0


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigError("--certificate and --key go together")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise ConfigError(f"{certificate}, {key}: no certificate with its key") from error
    return context


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.service_bus", description="A Service Bus stand-in.")
    parser.add_argument("--config", type=Path, required=True, help="the entities, shaped as `config` says")
    parser.add_argument("--store", type=Path, required=True, help="the SQLite file; created when missing")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, required=True, help="the port; 0 takes a free one")
    parser.add_argument("--certificate", type=Path, help="PEM chain; with it the port speaks TLS")
    parser.add_argument("--key", type=Path, help="PEM key of the certificate")
    parser.add_argument("--issuer-jwks", help="URL or file of the keys; with it tokens are verified")
    parser.add_argument("--issuer", help="the issuer that tokens must name")
    parser.add_argument("--audience", help="the audience that tokens must name")
    options = parser.parse_args(arguments)
    if options.issuer_jwks and not (options.issuer and options.audience):
        parser.error("--issuer-jwks goes with --issuer and --audience")
    return options


if __name__ == "__main__":
    sys.exit(main())
