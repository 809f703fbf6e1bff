"""The operators' door: the quarantine and the halts. Every route asks for the role `operator`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import azure.functions as func

from shared import bootstrap
from shared.authorization import Principal, authorize
from shared.catalog.flows import CONSOLE
from shared.catalog.model import Step
from shared.errors import IntegrationError
from shared.ports import Ports
from shared.problem import answer_of

blueprints = {step.tier: func.Blueprint() for step in CONSOLE.steps}

Work = Callable[[Principal, Ports], dict[str, Any]]

LIST = CONSOLE.step("list-quarantine")
SHOW = CONSOLE.step("show-quarantine")
RELEASE = CONSOLE.step("release-quarantine")
DISCARD = CONSOLE.step("discard-quarantine")
HALTS = CONSOLE.step("list-halts")
HALT = CONSOLE.step("halt")
RESUME = CONSOLE.step("resume")


def _answered(step: Step, req: func.HttpRequest, work: Work) -> func.HttpResponse:
    """Check the caller, do the work, answer with JSON or a problem document."""
    import orjson

    try:
        ports = bootstrap.ports()
        principal = authorize(req.headers.get("Authorization"), step.route, ports.tokens)
        return func.HttpResponse(orjson.dumps(work(principal, ports)), mimetype="application/json")
    except IntegrationError as error:
        return func.HttpResponse(**answer_of(error))


@blueprints[LIST.tier].function_name(LIST.function)
@blueprints[LIST.tier].route(route=LIST.route.name, methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def console_list_quarantine(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with what waits for a decision, a page at a time."""
    from functions.console.use_case import list_quarantine

    return _answered(LIST, req, lambda _, ports: list_quarantine(dict(req.params), ports))


@blueprints[SHOW.tier].function_name(SHOW.function)
@blueprints[SHOW.tier].route(route=SHOW.route.name, methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def console_show_quarantine(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with one row of the quarantine."""
    from functions.console.use_case import show_quarantine

    return _answered(SHOW, req, lambda _, ports: show_quarantine(req.route_params["id"], ports))


@blueprints[RELEASE.tier].function_name(RELEASE.function)
@blueprints[RELEASE.tier].route(route=RELEASE.route.name, methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def console_release_quarantine(req: func.HttpRequest) -> func.HttpResponse:
    """Let what is in quarantine be tried again."""
    return _decided(RELEASE, req, "release")


@blueprints[DISCARD.tier].function_name(DISCARD.function)
@blueprints[DISCARD.tier].route(route=DISCARD.route.name, methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def console_discard_quarantine(req: func.HttpRequest) -> func.HttpResponse:
    """Set aside for good what is in quarantine."""
    return _decided(DISCARD, req, "discard")


def _decided(step: Step, req: func.HttpRequest, decision: str) -> func.HttpResponse:
    from functions.console.use_case import decide_quarantine

    def work(principal: Principal, ports: Ports) -> dict[str, Any]:
        return decide_quarantine(req.route_params["id"], decision, req.get_body(), principal, ports)

    return _answered(step, req, work)


@blueprints[HALTS.tier].function_name(HALTS.function)
@blueprints[HALTS.tier].route(route=HALTS.route.name, methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def console_list_halts(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with what is halted."""
    from functions.console.use_case import list_halts

    return _answered(HALTS, req, lambda _, ports: list_halts(ports))


@blueprints[HALT.tier].function_name(HALT.function)
@blueprints[HALT.tier].route(route=HALT.route.name, methods=["PUT"], auth_level=func.AuthLevel.ANONYMOUS)
def console_halt(req: func.HttpRequest) -> func.HttpResponse:
    """Halt a partner, a destination or a flow."""
    from functions.console.use_case import put_halt

    def work(principal: Principal, ports: Ports) -> dict[str, Any]:
        return put_halt(req.route_params["kind"], req.route_params["name"], req.get_body(), principal, ports)

    return _answered(HALT, req, work)


@blueprints[RESUME.tier].function_name(RESUME.function)
@blueprints[RESUME.tier].route(route=RESUME.route.name, methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def console_resume(req: func.HttpRequest) -> func.HttpResponse:
    """Resume what was halted."""
    from functions.console.use_case import end_halt

    def work(principal: Principal, ports: Ports) -> dict[str, Any]:
        return end_halt(req.route_params["kind"], req.route_params["name"], req.get_body(), principal, ports)

    return _answered(RESUME, req, work)
