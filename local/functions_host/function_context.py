"""The `context` argument: which invocation this is, under which trace, at which retry."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func


@dataclass(frozen=True, slots=True)
class Trace:
    """W3C trace context of the invocation."""

    trace_parent: str
    trace_state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """Which retry this is; `exception` is never filled, as in the native worker."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: None = None


class InvocationContext(func.Context):
    """What a function learns about its own invocation."""

    def __init__(
        self,
        *,
        function_name: str,
        function_directory: str,
        invocation_id: str,
        thread_local_storage: threading.local,
        trace: Trace,
        retry: Retry,
    ) -> None:
        self._function_name = function_name
        self._function_directory = function_directory
        self._invocation_id = invocation_id
        self._thread_local_storage = thread_local_storage
        self._trace = trace
        self._retry = retry

    @property
    def invocation_id(self) -> str:
        """Return the invocation's id."""
        return self._invocation_id

    @property
    def thread_local_storage(self) -> Any:
        """Return the storage that carries the invocation's id in the thread that runs it."""
        return self._thread_local_storage

    @property
    def function_name(self) -> str:
        """Return the function's name."""
        return self._function_name

    @property
    def function_directory(self) -> str:
        """Return the directory of the function's module."""
        return self._function_directory

    @property
    def trace_context(self) -> Any:
        """Return the W3C trace context."""
        return self._trace

    @property
    def retry_context(self) -> Any:
        """Return which retry this is."""
        return self._retry
