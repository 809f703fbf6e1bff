"""The operators' door: quarantine, halts and replays. Every route asks for the role that the catalogue declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import azure.functions as func

from shared import bootstrap
from shared.authorization import Principal, admit
from shared.catalog.flows import CONSOLE
from shared.catalog.model import Step
from shared.errors import IntegrationError
from shared.ports import Ports
from shared.problem import answer_of
from shared.replay.plan import PlanKind

blueprints = {step.tier: func.Blueprint() for step in CONSOLE.steps}

Work = Callable[[Principal, Ports], dict[str, Any]]

LIST = CONSOLE.step("list-quarantine")
SHOW = CONSOLE.step("show-quarantine")
RELEASE = CONSOLE.step("release-quarantine")
DISCARD = CONSOLE.step("discard-quarantine")
REVEAL = CONSOLE.step("reveal-quarantine")
FIX = CONSOLE.step("fix-quarantine")
HALTS = CONSOLE.step("list-halts")
HALT = CONSOLE.step("halt")
RESUME = CONSOLE.step("resume")
REPLAYS = CONSOLE.step("list-replays")
PLAN = CONSOLE.step("plan-replay")
FEED = CONSOLE.step("plan-feed")
SHOW_REPLAY = CONSOLE.step("show-replay")
ITEMS = CONSOLE.step("list-replay-items")
APPROVE = CONSOLE.step("approve-replay")
RUN = CONSOLE.step("run-replay")
CANCEL = CONSOLE.step("cancel-replay")
DESCRIBE = CONSOLE.step("describe-api")


def _answered(step: Step, req: func.HttpRequest, work: Work) -> func.HttpResponse:
    """Check the caller, do the work, answer with JSON or a problem document."""
    import orjson

    try:
        ports = bootstrap.ports()
        principal = admit(req.headers, step.route, ports.tokens, behind_gateway=ports.behind_gateway)
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


@blueprints[REVEAL.tier].function_name(REVEAL.function)
@blueprints[REVEAL.tier].route(route=REVEAL.route.name, methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def console_reveal_quarantine(req: func.HttpRequest) -> func.HttpResponse:
    """Show a steward the payload of what is in quarantine."""
    from functions.console.corrections import reveal_quarantine

    def work(principal: Principal, ports: Ports) -> dict[str, Any]:
        return reveal_quarantine(req.route_params["id"], req.get_body(), principal, ports)

    return _answered(REVEAL, req, work)


@blueprints[FIX.tier].function_name(FIX.function)
@blueprints[FIX.tier].route(route=FIX.route.name, methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def console_fix_quarantine(req: func.HttpRequest) -> func.HttpResponse:
    """Put a corrected copy in the place of what is in quarantine."""
    from functions.console.corrections import fix_quarantine

    def work(principal: Principal, ports: Ports) -> dict[str, Any]:
        return fix_quarantine(req.route_params["id"], req.get_body(), principal, ports)

    return _answered(FIX, req, work)


@blueprints[REPLAYS.tier].function_name(REPLAYS.function)
@blueprints[REPLAYS.tier].route(route=REPLAYS.route.name, methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def console_list_replays(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with the newest replay plans."""
    from functions.console.replays import list_replays

    return _answered(REPLAYS, req, lambda _, ports: list_replays(ports))


@blueprints[PLAN.tier].function_name(PLAN.function)
@blueprints[PLAN.tier].route(route=PLAN.route.name, methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def console_plan_replay(req: func.HttpRequest) -> func.HttpResponse:
    """Ask for a plan that repeats deliveries."""
    return _planned(PLAN, req, "replay")


@blueprints[FEED.tier].function_name(FEED.function)
@blueprints[FEED.tier].route(route=FEED.route.name, methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def console_plan_feed(req: func.HttpRequest) -> func.HttpResponse:
    """Ask for a plan that tells a destination what it was never told."""
    return _planned(FEED, req, "feed")


def _planned(step: Step, req: func.HttpRequest, kind: PlanKind) -> func.HttpResponse:
    from functions.console.replays import plan_replay

    def work(principal: Principal, ports: Ports) -> dict[str, Any]:
        return plan_replay(kind, req.get_body(), req.headers.get("Idempotency-Key", ""), principal, ports)

    return _answered(step, req, work)


@blueprints[SHOW_REPLAY.tier].function_name(SHOW_REPLAY.function)
@blueprints[SHOW_REPLAY.tier].route(route=SHOW_REPLAY.route.name, methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def console_show_replay(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with one plan and its forecast."""
    from functions.console.replays import show_replay

    return _answered(SHOW_REPLAY, req, lambda _, ports: show_replay(req.route_params["id"], ports))


@blueprints[ITEMS.tier].function_name(ITEMS.function)
@blueprints[ITEMS.tier].route(route=ITEMS.route.name, methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def console_list_replay_items(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with what a plan sends and leaves out, a page at a time."""
    from functions.console.replays import list_replay_items

    return _answered(ITEMS, req, lambda _, ports: list_replay_items(req.route_params["id"], dict(req.params), ports))


@blueprints[APPROVE.tier].function_name(APPROVE.function)
@blueprints[APPROVE.tier].route(route=APPROVE.route.name, methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def console_approve_replay(req: func.HttpRequest) -> func.HttpResponse:
    """Approve what a plan's forecast shows."""
    return _decided_replay(APPROVE, req, "approve")


@blueprints[RUN.tier].function_name(RUN.function)
@blueprints[RUN.tier].route(route=RUN.route.name, methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def console_run_replay(req: func.HttpRequest) -> func.HttpResponse:
    """Let an approved plan run."""
    return _decided_replay(RUN, req, "run")


@blueprints[CANCEL.tier].function_name(CANCEL.function)
@blueprints[CANCEL.tier].route(route=CANCEL.route.name, methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def console_cancel_replay(req: func.HttpRequest) -> func.HttpResponse:
    """Stop a plan for good."""
    return _decided_replay(CANCEL, req, "cancel")


def _decided_replay(step: Step, req: func.HttpRequest, decision: str) -> func.HttpResponse:
    from functions.console.replays import decide_replay

    def work(principal: Principal, ports: Ports) -> dict[str, Any]:
        return decide_replay(req.route_params["id"], decision, req.get_body(), principal, ports)

    return _answered(step, req, work)


@blueprints[DESCRIBE.tier].function_name(DESCRIBE.function)
@blueprints[DESCRIBE.tier].route(route=DESCRIBE.route.name, methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def console_describe_api(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with the OpenAPI document of the operations API."""
    from functions.console.use_case import describe_api

    return _answered(DESCRIBE, req, lambda *_: describe_api())
