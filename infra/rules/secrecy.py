"""Secrets: none is in any input or output; what needs one names the Key Vault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from infra.engine.resources import Resource
from infra.engine.wire import Secret, leaves
from infra.rules import Finding, error
from infra.rules.reading import app_settings, of_kinds

_SECRET_SETTING = re.compile(r"(connectionstring|accountkey|accesskey|password|secret|apikey)$", re.IGNORECASE)
_SECRET_PROPERTY = re.compile(r"(password|primaryKey|secondaryKey|sharedKey|accountKey)$", re.IGNORECASE)
_SECRET_VALUE = re.compile(
    r"AccountKey=|SharedAccessKey=|SharedAccessSignature=|[?&]sig=|-----BEGIN [A-Z ]*PRIVATE KEY|://[^/@\s:]+:[^/@\s]+@"
)
_REFERENCE = "@Microsoft.KeyVault("
# Not a secret once local authentication is off: it says where telemetry goes.
_HARMLESS = {"APPLICATIONINSIGHTS_CONNECTION_STRING"}


def no_secret_is_in_an_input(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find inputs that are marked as secret, are called like one, or look like one."""
    for resource in resources:
        for path, found in leaves(dict(resource.inputs)):
            if _is_secret(path, found):
                yield error("secret", resource, path, "is a secret: keep it in the Key Vault and name it from here")


def no_secret_is_in_an_output(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find what a component or the stack gives outwards and is a secret."""
    for resource in resources:
        for path, found in leaves(dict(resource.outputs)) if not resource.custom else ():
            if _is_secret(path, found):
                yield error("secret", resource, path, "is a secret: do not give it outwards")


def settings_refer_to_the_vault(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find app settings that are called like a secret and hold something else than a Key Vault reference."""
    for app in of_kinds(resources, "web:WebApp"):
        for name, text in app_settings(app).items():
            if _SECRET_SETTING.search(name) and name not in _HARMLESS and not text.startswith(_REFERENCE):
                path = f"siteConfig.appSettings.{name}"
                yield error("secret", app, path, "is called like a secret: use a Key Vault reference")


def _is_secret(path: str, found: Any) -> bool:
    if isinstance(found, Secret):
        return True
    return isinstance(found, str) and bool(_SECRET_VALUE.search(found) or (_SECRET_PROPERTY.search(path) and found))


RULES = (no_secret_is_in_an_input, no_secret_is_in_an_output, settings_refer_to_the_vault)
