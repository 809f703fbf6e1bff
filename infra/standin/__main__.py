"""
Plugins for the real Pulumi command line, that it may run our program without Azure.

    python -m infra.standin install HOME             writes them into a PULUMI_HOME
    python -m infra.standin provider VERSION ADDRESS runs a provider, as the command line starts it
    python -m infra.standin language ADDRESS         runs the language host, as the command line starts it
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pulumi.runtime.proto import language_pb2_grpc, provider_pb2_grpc

from infra.standin.language import Language, providers
from infra.standin.provider import Provider
from infra.standin.serving import serve

_ROOT = Path(__file__).parents[2]
_USAGE = 2


def main(arguments: Sequence[str]) -> int:
    """Do what the first argument says and return the exit code; a plugin runs until its engine ends it."""
    match arguments:
        case ["install", home]:
            install(Path(home))
        case ["provider", asked, *_]:
            serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(asked), server))
        case ["language", *rest]:
            host = Language(rest[-1] if rest else "")
            serve(lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server))
        case _:
            sys.stderr.write(__doc__ or "")
            return _USAGE
    return 0


def install(home: Path) -> tuple[Path, ...]:
    """Write an executable for each plugin where the command line looks for it; return them."""
    plugins = home / "plugins"
    host = _install(plugins, "language", "python", version("pulumi"), ["language"])
    return host, *(_install(plugins, "resource", *each, ["provider", each[1]]) for each in sorted(providers().items()))


def _install(plugins: Path, kind: str, name: str, asked: str, arguments: Sequence[str]) -> Path:
    folder = plugins / f"{kind}-{name}-v{asked}"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"pulumi-{kind}-{name}"
    command = shlex.join([sys.executable, "-m", "infra.standin", *arguments])
    file.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(_ROOT))} exec {command} "$@"\n', encoding="utf-8")
    file.chmod(0o755)
    return file


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
