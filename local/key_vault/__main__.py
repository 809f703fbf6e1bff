"""
Run the Key Vault stand-in: https only, tokens of one issuer, one SQLite file.

    python -m local.key_vault --store FILE.sqlite --port N --certificate FILE --key FILE --policy FILE.json
                              --issuer URL --issuer-jwks URL [--issuer-ca FILE] [--audience https://vault.azure.net]
"""

from __future__ import annotations

import argparse
import time
import uuid
from contextlib import closing
from pathlib import Path

from local.key_vault.access import AccessControl, TokenRules, load_policy
from local.key_vault.application import KeyVault
from local.key_vault.store import SecretStore
from local.supervisor.ports import listen
from local.supervisor.program import run
from local.supervisor.serving import Listener, serve


def main() -> int:
    """Serve until told to stop."""
    arguments = _arguments()
    rules = TokenRules(arguments.issuer, arguments.audience, arguments.issuer_jwks, arguments.issuer_ca)
    access = AccessControl(rules, load_policy(arguments.policy))
    socket = listen("key-vault", arguments.port)
    with closing(SecretStore(arguments.store, time.time, lambda: uuid.uuid4().hex)) as store:
        app = KeyVault(store, access).application()
        return serve([Listener("key-vault", app, socket, arguments.certificate, arguments.key)])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.key_vault", description="The Key Vault stand-in.")
    parser.add_argument("--store", type=Path, required=True, help="SQLite file, made if absent")
    parser.add_argument("--port", type=int, required=True, help="port on loopback; 0 takes any free one")
    parser.add_argument("--certificate", type=Path, required=True, help="PEM file of the server's certificate")
    parser.add_argument("--key", type=Path, required=True, help="PEM file of its key")
    parser.add_argument("--policy", type=Path, required=True, help="JSON file: the role of each identity")
    parser.add_argument("--issuer", required=True, help="the `iss` that tokens must have")
    parser.add_argument("--issuer-jwks", required=True, help="URL of the issuer's keys")
    parser.add_argument("--issuer-ca", type=Path, help="PEM bundle to verify the issuer with")
    parser.add_argument("--audience", default="https://vault.azure.net", help="the `aud` that tokens must have")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
