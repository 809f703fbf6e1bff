"""
What the machine must bring: capabilities are tested, never package names.

A Python that was built from source has headers without any `python3-dev`; only what is truly missing is
installed by apt-get when we are root, or named in one line when we are not.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cli.launcher.progress import SetupError, run_step


@dataclass(frozen=True)
class Need:
    """A capability, and the Debian packages that bring it."""

    what: str
    packages: tuple[str, ...]
    is_met: Callable[[], bool]


def compiler() -> str:
    """Return the C compiler that Python's build tools will call."""
    return shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]


def _can_make_environments() -> bool:
    importlib.invalidate_caches()
    return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


def _can_compile() -> bool:
    return bool(shutil.which(compiler())) and _succeeds([compiler(), "-E", "-"], "#include <stdio.h>\n")


def _has_python_headers() -> bool:
    return Path(sysconfig.get_path("include"), "Python.h").is_file()


def _has_pkg_config() -> bool:
    return shutil.which("pkg-config") is not None


def _has_openssl_headers() -> bool:
    # Without pkg-config nothing can tell; the need for it is listed on its own.
    return (
        _succeeds(["pkg-config", "--exists", "openssl"])
        if _has_pkg_config()
        else Path("/usr/include/openssl/ssl.h").is_file()
    )


def _has_pgbouncer() -> bool:
    return bool(shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin"))


_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"

VENV = Need("Python's venv and ensurepip modules", (f"{_PYTHON}-venv",), _can_make_environments)
BUILD = (
    Need("a C compiler", ("gcc", "libc6-dev"), _can_compile),
    Need("the Python headers", (f"{_PYTHON}-dev",), _has_python_headers),
    Need("the OpenSSL headers", ("libssl-dev",), _has_openssl_headers),
    Need("pkg-config", ("pkg-config",), _has_pkg_config),
)

# What some tests want and the rest goes without: they are skipped where it is missing.
TESTS = (Need("PgBouncer", ("pgbouncer",), _has_pgbouncer),)


def offer(needs: tuple[Need, ...], *, is_root: bool) -> None:
    """Install as root what is missing; go on without it when that fails, or when we are not root."""
    if is_root:
        with suppress(SetupError):
            require(needs, is_root=True)


def require(needs: tuple[Need, ...], *, is_root: bool) -> None:
    """Return when every need is met, installing Debian packages as root; else raise `SetupError`."""
    missing = [need for need in needs if not need.is_met()]
    if not missing:
        return
    packages = [package for need in missing for package in need.packages]
    if is_root and shutil.which("apt-get"):
        _apt_get(packages)
        missing = [need for need in missing if not need.is_met()]
    if missing:
        raise SetupError(_advice(missing))


def _apt_get(packages: list[str]) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt_get = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    run_step("refreshing Debian's package lists", [*apt_get, "update"], environ=environ)
    run_step(
        f"installing {', '.join(packages)}",
        [*apt_get, "install", "--no-install-recommends", *packages],
        environ=environ,
    )


def _advice(missing: list[Need]) -> str:
    what = ", ".join(need.what for need in missing)
    packages = " ".join(package for need in missing for package in need.packages)
    install = f"; install: sudo apt-get install {packages}" if shutil.which("apt-get") else ""
    return f"this machine lacks {what} (for {sys.executable}){install}"


def _succeeds(command: list[str], given: str = "") -> bool:
    return subprocess.run(command, input=given.encode(), capture_output=True, check=False).returncode == 0  # noqa: S603
