"""
Ports on loopback: which one is free, and a clear word when it is not.

A port found free can be taken by somebody else a moment later: programs that own their socket bind it
themselves (`listen`); `free_port` serves those that only take a number, and their start-up still has to
cope with losing the race.
"""

from __future__ import annotations

import errno
import socket

from shared.errors import ConfigurationError

HOST = "127.0.0.1"


class PortTakenError(ConfigurationError):
    """Another program listens on the port; programs end with exit code 3."""


def listen(component: str, port: int, host: str = HOST, option: str = "--port") -> socket.socket:
    """Return a socket bound to the port (0: any free one). Raises `PortTakenError` when it is taken."""
    # asyncio sets TCP_NODELAY only on sockets that name their protocol: without it an answer waits 40 ms.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Without it a restart would wait for the connections of the run before to leave TIME_WAIT.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        # Linux lets two sockets with SO_REUSEADDR bind one port; only listening settles who owns it.
        bound.listen(socket.SOMAXCONN)
    except OSError as error:
        bound.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise port_taken(component, port, option) from error
    return bound


def free_port(preferred: int = 0) -> int:
    """Return the preferred port if it is free, else any free one."""
    for port in (preferred, 0):
        try:
            with listen("probe", port) as bound:
                return int(bound.getsockname()[1])
        except PortTakenError:
            continue
    raise ConfigurationError("no-free-port", text="the machine has no free port on loopback")


def free_ports_in_a_row(count: int) -> int:
    """Return the first of `count` free ports that follow each other; ConfigurationError when none are found."""
    for _ in range(200):
        first = free_port()
        if first + count <= 65_536 and all(free_port(first + offset) == first + offset for offset in range(count)):
            return first
    raise ConfigurationError("no-free-port", text=f"the machine has no {count} free ports in a row on loopback")


def require_free(component: str, port: int, option: str = "--port") -> None:
    """Raise `PortTakenError` if something listens on the port."""
    listen(component, port, option=option).close()


def port_taken(component: str, port: int, option: str = "--port") -> PortTakenError:
    """Return the error that names the component, the port and the way out."""
    text = f"{component} cannot listen on {HOST}:{port}: another program uses it; choose another with {option}"
    return PortTakenError("port-taken", str(port), text)
