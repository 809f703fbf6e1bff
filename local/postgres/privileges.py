"""
Under which account postgres runs: it refuses to be root, and containers often are root.

    normal user      as that user
    root             in a user namespace of its own, in which root's files belong to an ordinary account;
                     where namespaces are refused, as an unprivileged account that owns the data directory,
                     with the right to pass through root's directories if the machine grants it

Nothing here loosens the mode of a directory: what an account cannot reach, it is not given.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import ConfigurationError

# The shutdown postgres gets when its parent dies: fast, with a checkpoint.
DIE_WITH_PARENT = ("setpriv", "--pdeathsig", "INT", "--")


@dataclass(frozen=True, slots=True)
class Account:
    """A way to run a program: the words before its name, and who must own its files (None: as they are)."""

    name: str
    prefix: tuple[str, ...] = ()
    owner: tuple[int, int] | None = None

    def command(self, *words: str | Path) -> list[str]:
        """Return the argument list that runs the program under this account, never outliving its parent."""
        return [*self.prefix, *DIE_WITH_PARENT, *map(str, words)]


def accounts() -> tuple[Account, ...]:
    """Return the accounts to try, best first."""
    if os.geteuid() != 0:
        return (Account("the current user"),)
    # initdb looks its user up by number: the account must exist even where it is only a mapping.
    entry = _unprivileged_entry()
    owner = (entry.pw_uid, entry.pw_gid)
    drop = ("setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
    pass_directories = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--")
    return (
        Account("a user namespace", _namespace_of(entry), (0, 0)),
        Account("an unprivileged account that may pass root's directories", drop + pass_directories, owner),
        Account("an unprivileged account", (*drop, "--"), owner),
    )


def choose(candidates: Sequence[Account], directory: Path, program: Path) -> Account:
    """Return the first account that can run the program and write the directory, and give it the directory."""
    for account in candidates:
        _give(directory, account)
        # postgres asks access() about its own path, which ignores capabilities as `test` does; its data it opens.
        if _succeeds(account.command("test", "-x", program)) and _succeeds(account.command("ls", directory)):
            return account
    text = (
        f"postgres can neither run in a user namespace nor reach {directory} and {program} as an unprivileged "
        "account: choose a data directory that other accounts can reach, or run as a normal user"
    )
    raise ConfigurationError("no-account-for-postgres", str(directory), text)


def _namespace_of(entry: pwd.struct_passwd) -> tuple[str, ...]:
    return ("unshare", "-U", f"--map-user={entry.pw_uid}", f"--map-group={entry.pw_gid}", "--")


def _unprivileged_entry() -> pwd.struct_passwd:
    entries = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    for name in ("postgres", "nobody", *entries):
        if name in entries:
            return entries[name]
    raise ConfigurationError("no-account-for-postgres", "/etc/passwd", "the machine has no account besides root")


def _give(directory: Path, account: Account) -> None:
    if account.owner is None or (directory.stat().st_uid, directory.stat().st_gid) == account.owner:
        return
    for folder, _, files in os.walk(directory):
        for path in (folder, *(os.path.join(folder, file) for file in files)):
            os.chown(path, *account.owner, follow_symlinks=False)


def _succeeds(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, check=False, cwd="/", timeout=30)  # noqa: S603 - ours
    except FileNotFoundError:
        return False
    return done.returncode == 0
