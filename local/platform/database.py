"""The ledger's database on a laptop: migrated by the same job as in Azure, with two roles that may log in."""

from __future__ import annotations

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from local.platform.principals import Principals
from migrations.apply import apply, role_of

APP_LOGIN = "corridor_app"
OPERATOR_LOGIN = "corridor_console"


def prepare_database(superuser_url: str, principals: Principals) -> None:
    """Migrate, grant, and let the app and the operator's command line log in. Idempotent."""
    apply(superuser_url)
    logins = {
        APP_LOGIN: (role_of("all"), principals.secret("database-app")),
        OPERATOR_LOGIN: (role_of("operator"), principals.secret("database-operator")),
    }
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for login, (role, password) in logins.items():
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (login,)).fetchone()
            verb = SQL("ALTER" if known else "CREATE")
            connection.execute(SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, Identifier(login), Literal(password)))
            connection.execute(SQL("GRANT {} TO {}").format(Identifier(role), Identifier(login)))
