"""The landing storage of a tier that takes no files: whoever asks it was configured wrongly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn

from shared.errors import ConfigurationError
from shared.landing import Sighting


class NoLanding:
    """Refuses everything with ConfigurationError `setting-missing`."""

    def look(self, container: str, name: str) -> Sighting | None:
        """Refuse."""
        _refuse()

    def read(self, file: Sighting, position: int) -> Iterator[bytes]:
        """Refuse."""
        _refuse()

    def write(self, container: str, name: str, content: Iterable[bytes]) -> None:
        """Refuse."""
        _refuse()


def _refuse() -> NoReturn:
    raise ConfigurationError("setting-missing", "CORRIDOR_LANDING_URL", "set it in the function app's configuration")
