"""
The process in which a Pulumi program runs: what `pulumi-language-python` does, as far as a preview needs it.

    python -m infra.engine.program ADDRESS PROJECT STACK (preview|up) FOLDER

The configuration is in PULUMI_CONFIG. A program that fails leaves one line on standard error.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import re
import runpy
import sys
import traceback
from pathlib import Path

import pulumi
import pulumi.runtime

# azure-native gives each resource an alias for every API version of its type: twenty or more, and half of a
# run's time. A state that this engine wrote cannot hold a resource under one of them.
_VERSIONED = re.compile(r"azure-native:\w+/v\d+\w*:")

# Errors whose text alone says what to do: a dial that is wrong, a setting that is missing.
_PLAIN = (ValueError, pulumi.RunError)


def main(address: str, project: str, stack: str, purpose: str, folder: str) -> int:
    """Run the program in `folder` against the monitor at `address`; return the exit code."""
    _hasten()
    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=address,
            engine=address,
            project=project,
            stack=stack,
            parallel=32,
            dry_run=purpose == "preview",
            organization="organization",
            root_directory=folder,
        )
    )
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run(folder)))
    except Exception as error:  # noqa: BLE001 - whatever a program raises becomes its one line
        sys.stderr.write(f"{one_line(error, Path(folder))}\n")
        return 1
    return 0


def _hasten() -> None:
    # A run keeps nearly all that it makes, and ends: looking for what it could throw away took 40 % of its time.
    gc.disable()
    # Each line for debugging would be a call that the engine answers by forgetting it: five for every resource.
    pulumi.log.debug = _unsaid


def _unsaid(*_: object, **__: object) -> None:
    return


def _run(folder: str) -> None:
    pulumi.runtime.register_stack_transformation(_without_version_aliases)
    runpy.run_path(folder, run_name="__main__")


def _without_version_aliases(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    opts = copy.copy(args.opts)
    opts.aliases = [alias for alias in opts.aliases or () if not _is_versioned(alias)]
    return pulumi.ResourceTransformationResult(args.props, opts)


def _is_versioned(alias: object) -> bool:
    kind = alias.type_ if isinstance(alias, pulumi.Alias) else None
    return isinstance(kind, str) and _VERSIONED.match(kind) is not None


def one_line(error: Exception, folder: Path) -> str:
    """Return what went wrong on one line, with the place in the program where the text does not say it all."""
    text = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
    if isinstance(error, _PLAIN) and text:
        return text
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if folder in Path(frame.filename).parents]
    place = f" ({os.path.relpath(frames[-1].filename, folder)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {text}{place}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
