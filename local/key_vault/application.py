"""
The secrets part of Key Vault's data plane, as far as `azure-keyvault-secrets` asks for it.

    PUT    /secrets/{name}                     set, a new version          officer
    GET    /secrets/{name}[/{version}]         get                         user
    PATCH  /secrets/{name}[/{version}]         enable, disable, describe   officer
    GET    /secrets, /secrets/{name}/versions  list, without values        user
    DELETE /secrets/{name}                     delete, recoverable         officer
    GET    /deletedsecrets[/{name}]            list, get                   officer
    POST   /deletedsecrets/{name}/recover      recover                     officer
    DELETE /deletedsecrets/{name}              purge                       officer

Backup, restore, keys and certificates are answered with 501. As in the service, `nbf` and `exp` inform: a
secret outside them is still given. No value is ever logged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.key_vault.access import AccessControl
from local.key_vault.refusal import RefusedError, answer
from local.key_vault.store import RECOVERABLE_DAYS, Attributes, SecretStore, SecretVersion

LARGEST_VALUE = 25_600
LARGEST_BODY = 131_072
_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
_PAGE = 25


@dataclass(frozen=True, slots=True)
class KeyVault:
    """One vault: its secrets, and who may reach them."""

    store: SecretStore
    access: AccessControl

    def application(self) -> Starlette:
        """Return the vault as an ASGI application."""
        everything = ["GET", "PUT", "POST", "PATCH", "DELETE"]
        routes = [
            Route("/secrets", self._list),
            Route("/secrets/{name}/versions", self._list_versions),
            Route("/secrets/{name}", self._set, methods=["PUT"]),
            Route("/secrets/{name}", self._delete, methods=["DELETE"]),
            *(Route(path, self._get) for path in _SECRET_PATHS),
            *(Route(path, self._update, methods=["PATCH"]) for path in _SECRET_PATHS),
            Route("/deletedsecrets", self._list_deleted),
            Route("/deletedsecrets/{name}", self._get_deleted),
            Route("/deletedsecrets/{name}", self._purge, methods=["DELETE"]),
            Route("/deletedsecrets/{name}/recover", self._recover, methods=["POST"]),
            Route("/{anything:path}", _not_implemented, methods=everything),
        ]
        return Starlette(routes=routes, exception_handlers={RefusedError: answer})

    async def _set(self, request: Request) -> Response:
        name = await self._allowed(request, "officer")
        body = await _json(request)
        value = body.get("value")
        if not isinstance(value, str) or len(value.encode()) > LARGEST_VALUE:
            raise _bad_parameter(f"value must be a text of at most {LARGEST_VALUE} bytes")
        if self.store.find_deleted(name):
            message = f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused."
            raise RefusedError(409, "Conflict", message, "ObjectIsDeletedButRecoverable")
        return JSONResponse(_bundle(request, self.store.add(name, value, _attributes(body, Attributes()))))

    async def _get(self, request: Request) -> Response:
        await self._allowed(request, "user")
        found = self._found(request)
        if not found.attributes.enabled:
            message = "Operation get is not allowed on a disabled secret."
            raise RefusedError(403, "Forbidden", message, "SecretDisabled")
        return JSONResponse(_bundle(request, found))

    async def _update(self, request: Request) -> Response:
        await self._allowed(request, "officer")
        found = self._found(request)
        updated = self.store.update(found.version, _attributes(await _json(request), found.attributes))
        return JSONResponse(_bundle(request, updated, value=False))

    async def _delete(self, request: Request) -> Response:
        name = await self._allowed(request, "officer")
        self._found(request)
        self.store.delete(name)
        return JSONResponse(self._deleted_bundle(request, name))

    async def _get_deleted(self, request: Request) -> Response:
        return JSONResponse(self._deleted_bundle(request, await self._allowed(request, "officer")))

    async def _recover(self, request: Request) -> Response:
        name = await self._allowed(request, "officer")
        bundle = self._deleted_bundle(request, name)
        self.store.recover(name)
        return JSONResponse({key: bundle[key] for key in ("id", "attributes", "tags")})

    async def _purge(self, request: Request) -> Response:
        name = await self._allowed(request, "officer")
        self._deleted_bundle(request, name)
        self.store.purge(name)
        return Response(status_code=204)

    async def _list(self, request: Request) -> Response:
        await self._allowed(request, "user")
        found = self.store.newest(_token(request), _limit(request) + 1)
        items = [_bundle(request, one, value=False, with_version=False) for one in found]
        return _page(request, items, [one.name for one in found])

    async def _list_deleted(self, request: Request) -> Response:
        await self._allowed(request, "officer")
        found = self.store.newest(_token(request), _limit(request) + 1, deleted=True)
        items = [self._deleted_bundle(request, one.name) for one in found]
        return _page(request, items, [one.name for one in found])

    async def _list_versions(self, request: Request) -> Response:
        name = await self._allowed(request, "user")
        token = _token(request)
        if token and not token.isdecimal():
            raise _bad_parameter("$skiptoken is not one of ours")
        found = self.store.versions(name, int(token or 0), _limit(request) + 1)
        items = [_bundle(request, one, value=False) for one in found]
        return _page(request, items, [str(one.sequence) for one in found])

    async def _allowed(self, request: Request, role: Any) -> str:
        """Return the secret's name once the caller may act and the request is sound."""
        await self.access.require(request, role)
        if "api-version" not in request.query_params:
            raise _bad_parameter("api-version must be specified")
        name = str(request.path_params.get("name", "list"))
        if not _NAME.fullmatch(name):
            raise _bad_parameter("a secret's name is 1 to 127 letters, digits and hyphens")
        return name

    def _found(self, request: Request) -> SecretVersion:
        name, version = request.path_params["name"], request.path_params.get("version")
        found = self.store.find(name, version)
        if found is None:
            raise _not_found(name)
        return found

    def _deleted_bundle(self, request: Request, name: str) -> dict[str, object]:
        found = self.store.find_deleted(name)
        if found is None:
            raise _not_found(name)
        version, deleted = found
        return {
            **_bundle(request, version, value=False),
            "recoveryId": f"{_base(request)}/deletedsecrets/{name}",
            "deletedDate": deleted,
            "scheduledPurgeDate": deleted + RECOVERABLE_DAYS * 86_400,
        }


_SECRET_PATHS = ("/secrets/{name}", "/secrets/{name}/", "/secrets/{name}/{version}")


async def _not_implemented(request: Request) -> Response:
    message = f"The local vault does not implement {request.method} on this path."
    raise RefusedError(501, "NotImplemented", message)


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _bundle(
    request: Request, secret: SecretVersion, value: bool = True, with_version: bool = True
) -> dict[str, object]:
    path = f"{secret.name}/{secret.version}" if with_version else secret.name
    times = {"nbf": secret.attributes.not_before, "exp": secret.attributes.expires}
    attributes = {
        "enabled": secret.attributes.enabled,
        **{name: time for name, time in times.items() if time is not None},
        "created": secret.created,
        "updated": secret.updated,
        "recoveryLevel": "Recoverable+Purgeable",
        "recoverableDays": RECOVERABLE_DAYS,
    }
    bundle: dict[str, object] = {"id": f"{_base(request)}/secrets/{path}", "attributes": attributes}
    if value:
        bundle["value"] = secret.value
    if secret.attributes.content_type is not None:
        bundle["contentType"] = secret.attributes.content_type
    return {**bundle, "tags": dict(secret.attributes.tags or {})}


def _page(request: Request, items: Sequence[object], tokens: Sequence[str]) -> Response:
    """Return as many as were asked for; one more was fetched to know whether there are more."""
    limit = _limit(request)
    following = None
    if len(items) > limit:
        query = {**request.query_params, "$skiptoken": tokens[limit - 1]}
        following = f"{_base(request)}{request.url.path}?{urlencode(query)}"
    return JSONResponse({"value": list(items[:limit]), "nextLink": following})


def _token(request: Request) -> str:
    return request.query_params.get("$skiptoken", "")


def _limit(request: Request) -> int:
    given = request.query_params.get("maxresults", str(_PAGE))
    if not given.isdecimal() or not 1 <= int(given) <= _PAGE:
        raise _bad_parameter(f"maxresults must be a number from 1 to {_PAGE}")
    return int(given)


async def _json(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise RefusedError(413, "RequestTooLarge", "The request is too large.")
    try:
        content = json.loads(body)
    except ValueError:
        raise _bad_parameter("the body is not JSON") from None
    if not isinstance(content, dict):
        raise _bad_parameter("the body must be an object")
    return content


def _attributes(body: dict[str, Any], known: Attributes) -> Attributes:
    """Return what is known, with what the body says instead."""
    given = body.get("attributes") or {}
    tags = body.get("tags", known.tags)
    if not isinstance(given, dict) or not isinstance(tags, dict | None):
        raise _bad_parameter("attributes and tags must be objects")
    attributes = Attributes(
        given.get("enabled", known.enabled),
        given.get("nbf", known.not_before),
        given.get("exp", known.expires),
        body.get("contentType", known.content_type),
        tags,
    )
    types = (bool, int | None, int | None, str | None)
    values = (attributes.enabled, attributes.not_before, attributes.expires, attributes.content_type)
    if not all(isinstance(value, kind) for value, kind in zip(values, types, strict=True)):
        raise _bad_parameter("an attribute has the wrong type")
    return attributes


def _bad_parameter(message: str) -> RefusedError:
    return RefusedError(400, "BadParameter", message)


def _not_found(name: str) -> RefusedError:
    return RefusedError(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")
