from pathlib import Path

import pytest

from cli.launcher import system
from cli.launcher.progress import SetupError

MISSING = system.Need("a thing", ("a-package",), lambda: False)
PRESENT = system.Need("another thing", ("another-package",), lambda: True)


def test_who_may_not_install_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    apt_get = tmp_path / "apt-get"
    apt_get.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SetupError, match=r"lacks a thing .*; install: sudo apt-get install a-package$"):
        system.require((PRESENT, MISSING), is_root=False)


def test_nothing_is_installed_when_every_need_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    system.require((PRESENT,), is_root=True)


def test_root_installs_only_what_is_missing_after_one_update(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls, installed = tmp_path / "calls", tmp_path / "installed"
    apt_get = tmp_path / "apt-get"
    apt_get.write_text(f'#!/bin/sh\necho "$@" >> "{calls}"\nif [ "$5" = install ]; then : > "{installed}"; fi\n')
    apt_get.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    healed = system.Need("a thing", ("a-package", "its-headers"), installed.exists)

    system.require((PRESENT, healed), is_root=True)

    options = "-q -y -o DPkg::Lock::Timeout=300"
    assert [
        f"{options} update",
        f"{options} install --no-install-recommends a-package its-headers",
    ] == calls.read_text().splitlines()


def test_a_machine_without_apt_is_told_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SetupError, match=r"^this machine lacks a thing \(for [^;]*\)$"):
        system.require((MISSING,), is_root=True)


def test_what_only_some_tests_want_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    system.offer((MISSING,), is_root=True)
    system.offer((MISSING,), is_root=False)
