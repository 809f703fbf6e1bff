from __future__ import annotations

from pathlib import Path

import pytest

from infra.engine.resources import Resource
from infra.engine.state import State, StateError, read_state, write_state
from infra.engine.wire import Secret


def _one(**inputs: object) -> Resource:
    return Resource("urn:pulumi:dev::corridor::a:b:C::one", "a:b:C", "one", True, inputs)


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    state = State().after([_one(plain=1, hidden=Secret("x"))], {"url": "https://a.example"})

    write_state(state, tmp_path / "state.json")

    assert state == read_state(tmp_path / "state.json")


def test_a_sealed_secret_is_told_apart_and_not_told(tmp_path: Path) -> None:
    state = State()

    assert state.sealed([Secret("x")]) == state.sealed([Secret("x")])
    assert state.sealed(Secret("x")) != state.sealed(Secret("y"))
    assert state.sealed(Secret("x")) != State().sealed(Secret("x"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 1, "resources": [{}]}'])
def test_a_file_that_is_no_state_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text)

    with pytest.raises(StateError, match=r"state\.json: not a state"):
        read_state(file)


def test_a_state_of_another_version_says_which(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text('{"version": 2}')

    with pytest.raises(StateError, match="a state of version 2"):
        read_state(file)
