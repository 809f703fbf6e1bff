"""
The process in which a program runs for the real engine, without the short cuts of `infra.engine.program`.

    python -m infra.standin.program MONITOR ENGINE PROJECT STACK ORGANIZATION ROOT (preview|up) PARALLEL PROGRAM

The configuration is in PULUMI_CONFIG, the names of what is secret in it in PULUMI_CONFIG_SECRET_KEYS.
"""

from __future__ import annotations

import asyncio
import runpy
import sys
from pathlib import Path

import pulumi
import pulumi.runtime

from infra.engine.program import one_line


def main(arguments: list[str]) -> int:
    """Run the program; return the exit code. Why it failed goes to the engine, as its diagnostic."""
    monitor, engine, project, stack, organization, root, purpose, parallel, program = arguments
    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=monitor,
            engine=engine,
            project=project,
            stack=stack,
            parallel=int(parallel),
            dry_run=purpose == "preview",
            organization=organization,
            root_directory=root,
        )
    )
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run(program)))
    except Exception as error:  # noqa: BLE001 - whatever a program raises becomes its diagnostic
        pulumi.log.error(one_line(error, Path(program)))
        return 1
    return 0


def _run(program: str) -> None:
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
