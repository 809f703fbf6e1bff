"""
The sections of a partner file, read strictly: an unknown or repeated key or a wrong type names its place.

Errors are ConfigurationError `partner-file-invalid` with a location such as `riverside-lab.yaml: sends.time-zone`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from shared.errors import ConfigurationError

T = TypeVar("T")
_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"


def read_file(file: Path) -> Section:
    """Return what a file holds as its outermost section."""
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _StrictLoader)  # noqa: S506 - a SafeLoader
    except _RepeatedKeyError as error:
        raise invalid(f"{file.name}: line {error.line}", f"the key {error.key} stands here a second time") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise invalid(file.name, "not readable as YAML in UTF-8") from error
    return Section(content, f"{file.name}: ")


class _RepeatedKeyError(yaml.YAMLError):
    """A mapping has a key twice: YAML itself would take the last and say nothing."""

    def __init__(self, key: str, line: int) -> None:
        super().__init__()
        self.key = key
        self.line = line


class _StrictLoader(yaml.SafeLoader):
    """Reads each key as it is written: a local code `NO` is no truth value, and `007` no number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                continue
            if key.value in seen:
                raise _RepeatedKeyError(key.value, key.start_mark.line + 1)
            seen.add(key.value)
            key.tag = _TEXT
        return super().construct_mapping(node, deep)


class Section:
    """One mapping of the file, read key by key; `finish` refuses what nobody asked for."""

    def __init__(self, content: object, where: str) -> None:
        if not isinstance(content, Mapping):
            raise invalid(where, "expected a mapping")
        self._content: dict[str, Any] = {str(key): value for key, value in content.items()}
        self._where = where
        self._asked: set[str] = set()

    def at(self, key: str) -> str:
        """Return the place of `key` for an error."""
        return f"{self._where}{key}" if self._where.endswith(": ") else f"{self._where}.{key}"

    def has(self, key: str) -> bool:
        """Tell whether the section has `key`."""
        return key in self._content

    def has_value(self, key: str, value: object) -> bool:
        """Tell whether `key` has just this value."""
        return self._content.get(key) == value

    def names(self) -> list[str]:
        """Return the keys, where they are data rather than vocabulary."""
        return list(self._content)

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        """Return the value of `key`, of type `kind`; `default` when absent, an error without one."""
        self._asked.add(key)
        value = self._content.get(key, default)
        if value is None:
            raise invalid(self.at(key), "required")
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise invalid(self.at(key), f"expected {kind.__name__}")
        return value

    def at_least(self, key: str, least: int, default: int | None = None) -> int:
        """Return a whole number that is not below `least`."""
        value = self.take(key, int, default)
        if value < least:
            raise invalid(self.at(key), f"at least {least}")
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """Return one of `allowed`."""
        value = self.take(key, str, default)
        if value not in allowed:
            raise invalid(self.at(key), f"one of {', '.join(allowed)}")
        return value

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Return a list of strings."""
        values = self.take(key, list, list(default))
        if not all(isinstance(value, str) for value in values):
            raise invalid(self.at(key), "expected a list of strings")
        return tuple(values)

    def section(self, key: str) -> Section:
        """Return a section within this one."""
        self._asked.add(key)
        return Section(self._content.get(key), self.at(key))

    def finish(self) -> None:
        """Refuse keys that nobody asked for: a typing error must not pass as silence."""
        for key in self._content:
            if key not in self._asked:
                raise invalid(self.at(key), "unknown key")


def invalid(location: str, text: str) -> ConfigurationError:
    """Return the error that names a place of a partner file."""
    return ConfigurationError("partner-file-invalid", location, text)
