"""
The virtual environments of Corridor: locked with hashes, made on first use, kept up to date.

    local    what runs the platform and its command line
    test     local and what checks it
    infra    the Pulumi program's own
    checkers a second opinion on what that program builds, for long tests
    worker   the real Functions worker library in a folder of its own, for tests
    uv       the installer that makes the others

Each holds a stamp of what it was made from, written last: an environment without its stamp was interrupted
and is made anew. A lock file that changed is brought in by difference; a repository that moved, or another
Python, means anew, because virtual environments cannot be moved.
"""

from __future__ import annotations

import ast
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from cli.launcher import system
from cli.launcher.progress import SetupError, run_step

__all__ = ["SetupError", "ensure"]

# Resolved before anything is removed: we may be running in the very environment that is made anew.
_INTERPRETER = Path(sys.executable).resolve()
_STAMP = "corridor-stamp"
_PROTON_HAS_TLS = "import proton; raise SystemExit(0 if proton.SSL.present() else 'Qpid Proton was built without TLS')"


def ensure(root: Path, name: str) -> Path:
    """
    Return the folder of an environment, up to date with its lock; make or mend it first when it is not.

    Safe to call from several processes at once, at little cost when nothing is to do.
    """
    folder = _folder(root, name)
    if _is_current(root, name):
        return folder
    with _locked(root) as lock:
        _Maker(root, lock).make(name)
    return folder


def _folder(root: Path, name: str) -> Path:
    return root / ".corridor" / "env" / name


def _place(root: Path) -> str:
    return f"{_INTERPRETER} {sys.implementation.cache_tag} {root}"


def _lock_files(root: Path, name: str) -> list[Path]:
    folder = root / "requirements"
    return [folder / f"{name}.txt", folder / "build.txt"] if _compiles(name) else [folder / f"{name}.txt"]


def _compiles(name: str) -> bool:
    return name in ("local", "test")


def _stamp(root: Path, name: str) -> str:
    import hashlib

    digest = hashlib.sha256()
    for path in _lock_files(root, name):
        digest.update(path.read_bytes())
    return f"{digest.hexdigest()}\n{_place(root)}\n"


def _stamped(root: Path, name: str) -> str:
    try:
        return (_folder(root, name) / _STAMP).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _is_current(root: Path, name: str) -> bool:
    return _stamped(root, name) == _stamp(root, name)


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[int]:
    import fcntl

    folder = root / ".corridor" / "env"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("corridor: waiting for another start that is making the environments\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


class _Maker:
    """Makes environments under the lock that its caller holds."""

    def __init__(self, root: Path, lock: int) -> None:
        self._root = root
        self._lock = lock
        self._uv = _folder(root, "uv") / "bin" / "uv"

    def make(self, name: str) -> None:
        """Bring one environment up to date, and before it the installer."""
        if _is_current(self._root, name):
            return
        is_root = os.geteuid() == 0
        system.require(self._needs(name), is_root=is_root)
        if name == "test":
            system.offer(system.TESTS, is_root=is_root)
        if name != "uv":
            self.make("uv")
        folder = _folder(self._root, name)
        known_place = _stamped(self._root, name).endswith(f"\n{_place(self._root)}\n")
        (folder / _STAMP).unlink(missing_ok=True)
        if not known_place or name in ("uv", "worker"):
            shutil.rmtree(folder, ignore_errors=True)
        {"uv": self._make_uv, "worker": self._make_worker}.get(name, lambda: self._make_by_uv(name))()
        (folder / _STAMP).write_text(_stamp(self._root, name), encoding="utf-8")

    def _needs(self, name: str) -> tuple[system.Need, ...]:
        # All at once: who must ask an administrator asks once.
        venv = () if _is_current(self._root, "uv") else (system.VENV,)
        return venv + (system.BUILD if _compiles(name) else ())

    def _make_uv(self) -> None:
        folder = _folder(self._root, "uv")
        self._run("making room for the installer", _INTERPRETER, "-m", "venv", folder)
        self._run(
            "fetching the installer uv",
            *(folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--require-hashes", "-r", self._root / "requirements" / "uv.txt"),
        )

    def _make_worker(self) -> None:
        self._run(
            "fetching the Functions worker library",
            *(_folder(self._root, "uv") / "bin" / "python", "-m", "pip", "install", "--quiet"),
            *("--disable-pip-version-check", "--ignore-requires-python", "--no-deps", "--require-hashes"),
            *("--target", _folder(self._root, "worker"), "-r", self._root / "requirements" / "worker.txt"),
        )

    def _make_by_uv(self, name: str) -> None:
        folder = _folder(self._root, name)
        python = folder / "bin" / "python"
        if not python.exists():
            self._run(f"making the environment {name!r}", self._uv, "venv", "--python", _INTERPRETER, folder)
        self._run(
            f"installing what {name!r} needs (once, about a minute)",
            *(self._uv, "pip", "sync", "--python", python, "--require-hashes", "--compile-bytecode"),
            *("--build-constraints", self._root / "requirements" / "build.txt"),
            self._root / "requirements" / f"{name}.txt",
        )
        if _compiles(name):
            self._check_proton(python)

    def _check_proton(self, python: Path) -> None:
        try:
            self._run("checking that Qpid Proton speaks TLS", python, "-c", _PROTON_HAS_TLS)
        except SetupError:
            # The cached build is as wrong as the installed one.
            self._run("forgetting that build", self._uv, "cache", "clean", "python-qpid-proton")
            raise

    def _run(self, title: str, *command: str | Path) -> None:
        run_step(title, command, environ=self._environ(), keep_open=self._lock)

    def _environ(self) -> dict[str, str]:
        environ = {key: value for key, value in os.environ.items() if key not in _WOULD_MISLEAD}
        environ["UV_CACHE_DIR"] = str(self._root / ".corridor" / "cache" / "uv")
        environ["UV_PYTHON_DOWNLOADS"] = "never"
        environ.setdefault("UV_SYSTEM_CERTS", "1")
        environ.setdefault("UV_HTTP_TIMEOUT", "120")
        for key, value in self._indexes.items():
            environ.setdefault(key, value)
        return environ

    @cached_property
    def _indexes(self) -> dict[str, str]:
        return _pip_indexes(_folder(self._root, "uv") / "bin" / "python")


# What a shell may have set for other projects: none of it may shape these environments.
_WOULD_MISLEAD = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX")

_UV_SETTINGS = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX"}


def _pip_indexes(python: Path) -> dict[str, str]:
    """Return the package indexes that the machine configured for pip, as uv's settings."""
    if not python.exists():
        return {}
    listed = subprocess.run(  # noqa: S603 - our own interpreter
        [python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    found = {}
    for line in listed.stdout.splitlines():
        key, _, value = line.partition("=")
        setting = _UV_SETTINGS.get(key.rpartition(".")[2])
        if setting and value:
            found[setting] = " ".join(str(ast.literal_eval(value)).split())
    return found
