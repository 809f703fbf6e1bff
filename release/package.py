"""
The deployment package: what Azure runs, with everything it needs and all of it compiled.

    python -m release.package --out corridor.zip      builds it (pip brings the locked dependencies)
    python -m release.package --check corridor.zip    says which of its modules lack bytecode

A package is mounted read-only, so an app can never write bytecode itself: without it a cold start takes two to three
times as long. The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import compileall
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from py_compile import PycInvalidationMode

ROOT = Path(__file__).resolve().parents[1]

# The version that the function apps run (infra/components/function_tier.py): bytecode of another is never read.
PYTHON = (3, 11)
_PARTS = ("function_app.py", "host.json", "functions", "shared", "partners")
_SITE = ".python_packages/lib/site-packages"
_LEFT_OUT = ("__pycache__", "*.pyc", "*.dist-info/RECORD", "bin")
_DATE = (1980, 1, 1, 0, 0, 0)
_FAILED, _USAGE = 1, 2


class PackageError(Exception):
    """The package cannot be built, or lacks something; the message says what."""


def build(root: Path, dependencies: Path, out: Path) -> None:
    """Write the package of a checkout with the installed `dependencies`; PackageError if some has no bytecode."""
    if sys.version_info[:2] != PYTHON:
        raise PackageError(f"run with Python {PYTHON[0]}.{PYTHON[1]}: the apps read no other bytecode")
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        for part in _PARTS:
            _copy(root / part, stage / part)
        _copy(dependencies, stage / _SITE)
        _compile(stage)
        out.unlink(missing_ok=True)
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
            for path in sorted(path for path in stage.rglob("*") if path.is_file()):
                _add(package, path.relative_to(stage).as_posix(), path)
    if missing := modules_without_bytecode(out):
        raise PackageError(f"{len(missing)} modules have no bytecode, first {missing[0]}")


def modules_without_bytecode(package: Path) -> list[str]:
    """Return the modules of a package that Python would compile at every start."""
    with zipfile.ZipFile(package) as opened:
        names = set(opened.namelist())
    modules = (Path(name) for name in sorted(names) if name.endswith(".py"))
    return [module.as_posix() for module in modules if _bytecode_of(module) not in names]


def install(root: Path, target: Path) -> None:
    """Put the locked dependencies of the product into `target`; PackageError if pip cannot."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]
    command += ["--require-hashes", "--only-binary", ":all:", "--target", str(target)]
    done = subprocess.run([*command, "-r", str(root / "requirements.txt")], check=False)  # noqa: S603 - our own pip
    if done.returncode:
        raise PackageError(f"pip ended with {done.returncode}")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    elif source.is_file():
        shutil.copy2(source, target)
    else:
        raise PackageError(f"{source.name} is not there")


def _compile(stage: Path) -> None:
    # Unchecked: a time stamp would not survive the archive, and would be compared at every import.
    compileall.compile_dir(
        stage,
        maxlevels=64,
        quiet=2,
        stripdir=str(stage),
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )


def _bytecode_of(module: Path) -> str:
    return (module.parent / "__pycache__" / f"{module.stem}.cpython-{PYTHON[0]}{PYTHON[1]}.pyc").as_posix()


def _add(package: zipfile.ZipFile, name: str, path: Path) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    package.writestr(entry, path.read_bytes())


def _check(package: Path) -> Iterator[str]:
    if not package.is_file():
        raise PackageError(f"{package} is not there")
    yield from modules_without_bytecode(package)


def main(arguments: Sequence[str]) -> int:
    """Build or check a package; 1 when it lacks something, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m release.package", description="Build the deployment package.")
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--out", type=Path, help="where to write it")
    choice.add_argument("--check", type=Path, help="a package to look into")
    parser.add_argument(
        "--dependencies", type=Path, help="a folder with the installed dependencies; else pip brings them"
    )
    options = parser.parse_args(arguments)
    try:
        if options.check:
            missing = list(_check(options.check))
            for module in missing:
                sys.stdout.write(f"{module}: no bytecode\n")
            return _FAILED if missing else 0
        with tempfile.TemporaryDirectory() as folder:
            dependencies = options.dependencies or Path(folder) / "site"
            if options.dependencies is None:
                install(ROOT, dependencies)
            build(ROOT, dependencies, options.out)
    except PackageError as error:
        sys.stderr.write(f"corridor: {error}\n")
        return _FAILED
    sys.stdout.write(f"corridor: {options.out} {options.out.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
