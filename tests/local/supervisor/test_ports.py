from __future__ import annotations

import socket

import pytest

from local.supervisor.ports import PortTakenError, free_port, listen, require_free


def test_the_preferred_port_is_taken_while_it_is_free_and_another_one_afterwards() -> None:
    preferred = free_port()

    assert preferred == free_port(preferred)
    with socket.create_server(("127.0.0.1", preferred)):
        assert free_port(preferred) not in (0, preferred)


def test_a_taken_port_is_named_with_its_component_and_the_way_out() -> None:
    with listen("first", 0) as bound:
        port = bound.getsockname()[1]

        with pytest.raises(PortTakenError, match=f"vault cannot listen on 127.0.0.1:{port}.*--vault-port"):
            require_free("vault", port, "--vault-port")
