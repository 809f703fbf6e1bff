"""
The one-shot job: `python -m migrations`, run inside the network before a new version starts.

    CORRIDOR_DATABASE_URL   the server, as the job's own identity; without a password a token of that identity is one
    AZURE_CLIENT_ID         which managed identity the job runs as
    CORRIDOR_PRINCIPALS     the identities of the tiers, as JSON; absent, nobody is admitted (a laptop has passwords)

Migrates, makes the roles and grants, admits the identities. Idempotent; exit 0 when all is done.
"""

from __future__ import annotations

import os
import sys
from urllib.parse import quote, urlsplit, urlunsplit

from migrations.apply import apply
from migrations.principals import admit, read_principals
from shared.errors import ConfigurationError

_POSTGRES_SCOPE = "https://ossrdbms-aad.database.windows.net/.default"


def run() -> int:
    """Do the job; 2 when a setting is missing or wrong."""
    try:
        url = _with_password(_required("CORRIDOR_DATABASE_URL"))
        principals = read_principals(os.environ.get("CORRIDOR_PRINCIPALS") or "[]")
    except ConfigurationError as error:
        sys.stderr.write(f"corridor: {error}\n")
        return 2
    apply(url)
    admit(url, principals)
    sys.stdout.write(f"corridor: the ledger is up to date; {len(principals)} identities admitted\n")
    return 0


def _required(name: str) -> str:
    if not (value := os.environ.get(name)):
        raise ConfigurationError("setting-missing", name, "set it in the job's environment")
    return value


def _with_password(url: str) -> str:
    """Return the URL with a token of the job's identity where it has no password."""
    parts = urlsplit(url)
    if parts.password or parts.username is None:
        return url
    from azure.identity import ManagedIdentityCredential

    token = ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID")).get_token(_POSTGRES_SCOPE).token
    user, host = quote(parts.username, safe=""), parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(token, safe='')}@{host}"))


if __name__ == "__main__":
    sys.exit(run())
