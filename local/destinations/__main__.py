"""
Run the sample destinations: `python -m local.destinations --store FILE --port N ...`.

Prints `ready destinations <port>` when it serves. SIGTERM ends it with 0; a taken port ends it with 3, anything
else that keeps it from starting with 2. A local CA for the issuer is named by SSL_CERT_FILE.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
import sqlite3
import sys
import time
from pathlib import Path

import uvicorn

from local.destinations.app import Parts, build
from local.destinations.bearer import BearerTokens
from local.destinations.faults import Faults
from local.destinations.fhir_desk import utc_now
from local.destinations.store import Store
from local.destinations.webhook import WebhookReceiver

HOST = "127.0.0.1"


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m local.destinations", description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="SQLite file, made when missing")
    parser.add_argument("--port", type=int, required=True, help="0 picks a free one")
    parser.add_argument("--certificate", type=Path, help="PEM; serves https together with --key")
    parser.add_argument("--key", type=Path)
    parser.add_argument("--issuer-jwks", required=True, help="URL of the issuer's keys")
    parser.add_argument("--audience", required=True)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--webhook-secret-file", type=Path, required=True, help="one secret per line")
    parser.add_argument("--arrivals", type=Path, help="log every request as it came; the file holds their bodies")
    options = parser.parse_args(arguments)
    if (options.certificate is None) != (options.key is None):
        parser.error("--certificate and --key belong together")
    if not options.webhook_secret_file.is_file():
        parser.error("--webhook-secret-file names no file")
    return options


def open_socket(port: int) -> socket.socket:
    """Return a bound socket; OSError when the port is taken."""
    # asyncio sets TCP_NODELAY only on sockets that say TCP; without it every answer waits 40 ms for an ACK.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
        bound.listen(256)
    except (OSError, OverflowError):
        bound.close()
        raise
    return bound


async def serve(config: uvicorn.Config, bound: socket.socket) -> None:
    """Serve until a signal; says when it is ready."""
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve([bound]))
    while not server.started and not running.done():
        await asyncio.sleep(0.005)
    if server.started:
        print(f"ready destinations {bound.getsockname()[1]}", flush=True)  # noqa: T201
    await running


def main(arguments: list[str]) -> int:
    """Run until SIGTERM or SIGINT."""
    options = parse_arguments(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        bound = open_socket(options.port)
    except (OSError, OverflowError) as error:
        print(f"destinations: port {options.port} cannot be used: {error}", file=sys.stderr)  # noqa: T201
        return 3
    try:
        store = Store(options.store)
    except sqlite3.Error as error:
        bound.close()
        print(f"destinations: the store cannot be opened: {error}", file=sys.stderr)  # noqa: T201
        return 2
    tokens = BearerTokens(options.issuer_jwks, options.issuer, options.audience)
    webhook = WebhookReceiver(store, options.webhook_secret_file, utc_now)
    app = build(Parts(store, tokens, webhook, Faults(time.monotonic), options.arrivals))
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
    )
    # uvicorn raises the signal again after its own clean shutdown; here that is the expected end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with bound:
        asyncio.run(serve(config, bound))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
