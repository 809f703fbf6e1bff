from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg

from local.postgres.recovery import serves
from local.supervisor.ports import free_port

PLATFORM = """
import sys
from pathlib import Path
from local.certificates import ensure_authority
from local.issuer.__main__ import TENANT
from local.supervisor.component import Component
from local.supervisor.program import announce, run, stop_requested
from local.supervisor.supervisor import Supervisor

def main() -> int:
    directory, (database, issuer, vault) = Path(sys.argv[1]), map(int, sys.argv[2:])
    authority = ensure_authority(directory / "certificates")
    (directory / "policy.json").write_text('{"policies": {}}')
    issuer_url = f"https://localhost:{issuer}/{TENANT}"

    def program(name, module, port, *words, after=()):
        argv = (sys.executable, "-m", module, "--port", str(port), *map(str, words))
        return Component(name, argv, directory / "logs" / f"{name}.log", port=port, after=after)

    def pair(name):
        certificate, key = authority.issue(name)
        return "--certificate", certificate, "--key", key

    components = [
        program("postgres", "local.postgres", database, "--data", directory / "postgres"),
        program("issuer", "local.issuer", issuer, "--data", directory / "issuer", *pair("issuer")),
        program(
            "key-vault", "local.key_vault", vault, "--store", directory / "vault.sqlite", *pair("key-vault"),
            "--policy", directory / "policy.json", "--issuer", f"{issuer_url}/v2.0",
            "--issuer-jwks", f"{issuer_url}/discovery/v2.0/keys", "--issuer-ca", authority.ca_file,
            after=("issuer",),
        ),
    ]
    stopping = stop_requested()
    with Supervisor(directory, components) as supervisor:
        announce("platform", database)
        supervisor.wait(stopping)
    return 0

run(main)
"""


def start(directory: Path, ports: list[str]) -> subprocess.Popen[str]:
    platform = subprocess.Popen(
        [sys.executable, "-c", PLATFORM, str(directory), *ports], stdout=subprocess.PIPE, text=True
    )
    assert platform.stdout is not None
    assert f"ready platform {ports[0]}\n" == platform.stdout.readline()
    return platform


def test_the_real_programs_come_back_after_a_kill_of_everything_and_leave_nothing_when_stopped(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "a data directory"
    ports = [str(free_port()) for _ in range(3)]
    pid_file = directory / "postgres" / "data" / "postmaster.pid"
    with start(directory, ports) as killed:
        password = (directory / "postgres" / "password").read_text()
        url = f"postgresql://postgres:{password}@127.0.0.1:{ports[0]}/postgres"
        with psycopg.connect(url) as connection:
            connection.execute("create table survives as select 1 as one")
        killed.kill()

    with start(directory, ports) as stopped:
        with psycopg.connect(url) as connection:
            rows = connection.execute("select one from survives").fetchall()
        postmaster = int(pid_file.read_text().splitlines()[0])
        stopped.terminate()
        code = stopped.wait(20)

    assert ([(1,)], 0) == (rows, code)
    assert not serves(postmaster, directory / "postgres" / "data")
    assert not pid_file.exists()
    for port in ports:
        assert int(port) == free_port(int(port))
