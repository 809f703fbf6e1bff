"""
function_app.py -> functions, refused for the reasons for which Azure's Python worker refuses them.

Only what the worker itself calls is called here: `FunctionRegister.get_functions`, `Function.get_*`, the binding
registry with `check_*`, `decode` and `encode`.
"""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.functions.meta import Datum

from local.functions_host.logs import event
from shared.errors import ConfigurationError

TRIGGERS = ("httpTrigger", "serviceBusTrigger", "timerTrigger", "eventGridTrigger")


@dataclass(frozen=True, slots=True)
class LoadedFunction:
    """One function of the app: its handler and what its bindings say."""

    name: str
    handler: Callable[..., Any]
    directory: str
    trigger: Mapping[str, Any]
    is_async: bool
    wants_context: bool
    has_return: bool
    trigger_hint: object = None
    return_hint: object = None
    retry: Mapping[str, Any] | None = None

    @property
    def kind(self) -> str:
        """Return the trigger's type, such as `httpTrigger`."""
        return str(self.trigger["type"])

    def decode(self, datum: Datum, metadata: Mapping[str, Datum]) -> object:
        """Return the trigger's argument as the function expects it."""
        if self.trigger_hint in (str, bytes):
            return _decode_plainly(datum)
        return _converter(self.kind).decode(datum, trigger_metadata=metadata)

    def encode(self, returned: object) -> Datum | None:
        """Return the HTTP response that the function returned; None for a function without `$return`."""
        if not self.has_return:
            if returned is not None:
                raise RuntimeError(f"function {self.name} without a $return binding returned a non-None value")
            return None
        try:
            datum: Datum = _converter("http").encode(returned, expected_type=self.return_hint)
        except NotImplementedError as error:
            raise TypeError(f"function {self.name} returned a {type(returned).__name__}") from error
        return datum


def load_app(app_dir: Path) -> tuple[LoadedFunction, ...]:
    """Import `function_app` from `app_dir` and return its functions; a ConfigurationError where Azure refuses."""
    sys.path.insert(0, str(app_dir.resolve()))
    try:
        module = importlib.import_module("function_app")
    except Exception as error:
        event("App not imported", level=logging.ERROR, error=error)
        text = f"function_app cannot be imported: {type(error).__name__}: {error}"
        raise ConfigurationError("app-not-imported", str(app_dir), text) from error
    return load_functions(module)


def load_functions(module: types.ModuleType) -> tuple[LoadedFunction, ...]:
    """Return the functions of the one app that `module` defines."""
    apps = [app for app in vars(module).values() if isinstance(app, func.FunctionRegister)]
    if not apps:
        raise ConfigurationError("app-missing", module.__name__, "function_app defines no top level function app")
    if len(apps) > 1:
        raise ConfigurationError(
            "app-ambiguous", module.__name__, "function_app defines more than one top level function app"
        )
    try:
        functions = apps[0].get_functions()
    except ValueError as error:
        raise ConfigurationError("app-invalid", module.__name__, str(error)) from error
    return tuple(_loaded(function) for function in functions)


def _loaded(function: Any) -> LoadedFunction:
    name = str(function.get_function_name())
    handler = function.get_user_function()
    bindings = [json.loads(raw) for raw in function.get_raw_bindings()]
    trigger = _only_trigger(name, bindings)
    hints = typing.get_type_hints(handler)
    wants_context = _check_parameters(name, handler, hints, trigger)
    has_return = any(binding["name"] == "$return" for binding in bindings)
    _check_input(name, trigger, hints)
    if has_return and "return" in hints:
        _check_return(name, hints["return"])
    return LoadedFunction(
        name=name,
        handler=handler,
        directory=str(Path(inspect.getfile(handler)).parent),
        trigger=trigger,
        is_async=inspect.iscoroutinefunction(handler),
        wants_context=wants_context,
        has_return=has_return,
        trigger_hint=hints.get(trigger["name"]),
        return_hint=hints.get("return") if has_return else None,
        retry=function.get_settings_dict("retry_policy"),
    )


def _only_trigger(name: str, bindings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    triggers = [binding for binding in bindings if binding["type"] in TRIGGERS]
    for binding in bindings:
        if binding not in triggers and (binding["type"], binding["name"]) != ("http", "$return"):
            raise _refused(name, "binding-not-implemented", f"the local host does not implement {binding['type']}")
    if len(triggers) != 1:
        raise _refused(name, "trigger-missing", "a function needs exactly one trigger")
    if triggers[0].get("isSessionsEnabled"):
        raise _refused(name, "sessions-not-implemented", "the local host does not implement session triggers")
    return triggers[0]


def _check_parameters(
    name: str, handler: Callable[..., Any], hints: Mapping[str, Any], trigger: Mapping[str, Any]
) -> bool:
    bound = {str(trigger["name"])}
    declared = set(inspect.signature(handler).parameters)
    wants_context = "context" in declared and "context" not in bound
    if wants_context:
        declared.remove("context")
        hint = hints.get("context", func.Context)
        if not isinstance(hint, type) or hint.__name__ != "Context":
            raise _refused(name, "context-annotation", '"context" must be an azure.functions.Context')
    if declared - bound:
        raise _refused(name, "parameter-unbound", f"declared in Python but not bound: {sorted(declared - bound)}")
    if bound - declared:
        raise _refused(name, "binding-without-parameter", f"bound but not in Python: {sorted(bound - declared)}")
    return wants_context


def _check_input(name: str, trigger: Mapping[str, Any], hints: Mapping[str, Any]) -> None:
    argument = str(trigger["name"])
    if argument not in hints or hints[argument] in (str, bytes):
        return
    hint = hints[argument]
    generic = typing.get_origin(hint) is not None and not isinstance(hint, types.UnionType)
    if typing.get_origin(hint) is typing.Union or not (isinstance(hint, type) or generic):
        raise _refused(name, "annotation-invalid", f"{argument} has the non-type annotation {hint!r}")
    try:
        fits = bool(_converter(str(trigger["type"])).check_input_type_annotation(hint))
    except TypeError:
        fits = False
    if not fits:
        raise _refused(name, "annotation-mismatch", f"{argument} is a {trigger['type']}, not {hint!r}")


def _check_return(name: str, hint: object) -> None:
    if not isinstance(hint, type) or typing.get_origin(hint) is not None:
        raise _refused(name, "return-annotation", f"the non-type return annotation {hint!r}")
    if not _converter("http").check_output_type_annotation(hint):
        raise _refused(name, "return-annotation", f"{hint!r} is no HTTP response")


def _converter(kind: str) -> Any:
    return func.get_binding_registry().get(kind)


def _decode_plainly(datum: Datum) -> object:
    # The worker's "generic" converter, which serves every parameter annotated str or bytes.
    if datum.type in ("string", "bytes", "json"):
        return datum.value
    if datum.type is None:
        return None
    raise ValueError(f"unexpected type of data for a str or bytes parameter: {datum.type}")


def _refused(function: str, code: str, text: str) -> ConfigurationError:
    return ConfigurationError(code, function, f"function {function}: {text}")
