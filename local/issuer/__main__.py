"""
Run the token issuer.

    python -m local.issuer --data DIR --port N --clients FILE.json [--identities FILE.json --identity-port N]
                           [--certificate FILE --key FILE]

https with a certificate, else http, always on loopback. The identity endpoint is plain http as on Azure: beside an
https issuer it needs a port of its own.
"""

from __future__ import annotations

import argparse
import secrets
import time
from pathlib import Path

from starlette.applications import Starlette

from local.issuer import TENANT
from local.issuer.identity_endpoint import IdentityEndpoint
from local.issuer.keys import SigningKeys
from local.issuer.oauth import OAuth
from local.issuer.registry import load_clients, load_identities
from local.issuer.tokens import TokenSigner
from local.private_files import private_directory, write_private
from local.supervisor.ports import listen
from local.supervisor.program import run
from local.supervisor.serving import Listener, serve


def main() -> int:
    """Serve until told to stop."""
    arguments = _arguments()
    socket = listen("issuer", arguments.port)
    port = socket.getsockname()[1]
    scheme = "https" if arguments.certificate else "http"
    base_url = arguments.public_url or f"{scheme}://localhost:{port}"
    directory = private_directory(arguments.data)
    keys = SigningKeys(directory, time.time)
    signer = TokenSigner(f"{base_url}/{arguments.tenant}/v2.0", arguments.tenant, arguments.lifetime, keys, time.time)
    oauth = OAuth(base_url, load_clients(arguments.clients), signer, _admin_token(directory))
    identity = IdentityEndpoint(load_identities(arguments.identities), signer)
    if arguments.identity_port is None:
        app = Starlette(routes=[*oauth.routes(), *identity.routes()])
        return serve([Listener("issuer", app, socket, arguments.certificate, arguments.key)])
    return serve(
        [
            Listener(
                "issuer-identity",
                Starlette(routes=identity.routes()),
                listen("issuer-identity", arguments.identity_port, option="--identity-port"),
            ),
            Listener("issuer", Starlette(routes=oauth.routes()), socket, arguments.certificate, arguments.key),
        ]
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.issuer", description="The local token issuer.")
    parser.add_argument("--data", type=Path, required=True, help="directory of the signing keys and the admin token")
    parser.add_argument("--port", type=int, required=True, help="port on loopback; 0 takes any free one")
    parser.add_argument("--clients", type=Path, help="JSON file of the clients")
    parser.add_argument("--identities", type=Path, help="JSON file of the managed identities")
    parser.add_argument("--identity-port", type=int, help="plain http port of the identity endpoint")
    parser.add_argument("--certificate", type=Path, help="PEM file; with --key, serves https")
    parser.add_argument("--key", type=Path, help="PEM file of the certificate's key")
    parser.add_argument("--public-url", help="where clients reach the issuer, if not at localhost")
    parser.add_argument("--tenant", default=TENANT, help="tenant id in tokens and paths")
    parser.add_argument("--lifetime", type=int, default=3600, help="seconds that a token is good for")
    return parser.parse_args()


def _admin_token(directory: Path) -> str:
    path = directory / "admin-token"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32).encode())
    return path.read_text(encoding="ascii").strip()


if __name__ == "__main__":
    run(main)
