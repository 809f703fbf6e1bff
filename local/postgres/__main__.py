"""Run PostgreSQL in the foreground: `python -m local.postgres --data DIR [--port N]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from local.postgres.server import EmbeddedPostgres
from local.supervisor.program import announce, run, stop_requested


def main() -> int:
    """Serve until told to stop; 1 when PostgreSQL ended by itself."""
    parser = argparse.ArgumentParser(prog="python -m local.postgres", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="directory of the cluster, made if absent")
    parser.add_argument("--port", type=int, default=5432, help="port on loopback; 0 takes any free one")
    arguments = parser.parse_args()
    stopping = stop_requested()
    with EmbeddedPostgres(arguments.data, arguments.port) as server:
        announce("postgres", server.port)
        while not stopping.wait(0.2):
            if not server.is_running():
                sys.stderr.write(f"PostgreSQL ended by itself; its log is {server.log_file}\n")
                return 1
    return 0


if __name__ == "__main__":
    run(main)
