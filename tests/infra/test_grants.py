from __future__ import annotations

from uuid import UUID

from infra.components.grants import Role, in_place_of_the_old_one
from infra.names import Names
from shared.catalog.flows import DELIVERY, FLOWS, LAB_RESULTS
from shared.catalog.index import queues, subscriptions, topics
from shared.catalog.model import FileDrop, Queue, Tier, TrafficClass
from tests.infra.recording import Stack

Granted = set[tuple[str, str, str, str]]
"""(tier, role, kind of the entity, entity)"""

_IDENTITY = "azure-native:managedidentity:UserAssignedIdentity::"

# Owner, Contributor, User Access Administrator, and the bus's own owner role.
_TOO_MUCH = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "090c5cfd-751d-490a-894a-3ce6f1109419",
}

# The queues of hints; the others say that a file is there.
_HINTED = {step.inbound.name for flow in FLOWS for step in flow.steps if isinstance(step.inbound, Queue)}

# What a release's jobs and the pipeline are given is held by test_release.py.
_OF_RELEASES = ("deploy-", "migrate-", "pipeline", "smoke-")


def _granted(stack: Stack) -> Granted:
    found = set()
    for name, resource in stack.of("authorization:RoleAssignment").items():
        if name.startswith(_OF_RELEASES):
            continue
        inputs = resource["inputs"]
        # A topic of Event Grid proves itself by an identity of its own, and is no tier.
        identity = next((each for each in resource["dependencies"] if _IDENTITY in each), "")
        role = Role(inputs["roleDefinitionId"].rpartition("/")[2])
        kind, entity = inputs["scope"].split("/")[-2:]
        found.add((identity.rpartition("::")[2], role.name, kind, entity))
    return {each for each in found if each[0] in set(Tier)}


def _on_the_bus(stack: Stack, role: Role) -> set[tuple[str, str]]:
    return {(tier, entity) for tier, given, _, entity in _granted(stack) if given == role.name}


def test_a_tier_receives_from_the_queues_that_wake_its_steps_and_from_no_other(stack: Stack) -> None:
    woken = {
        (step.tier.value, step.inbound.name)
        for flow in FLOWS
        for step in flow.steps
        if isinstance(step.inbound, Queue | FileDrop) and step.tier is not Tier.OPS
    }

    received = {(tier, entity) for tier, entity in _on_the_bus(stack, Role.BUS_RECEIVER) if tier != Tier.OPS}
    assert woken == received


def test_ops_alone_receives_from_every_entity_because_it_empties_their_dead_letter_queues(stack: Stack) -> None:
    everything = {queue.name for queue in queues()} | {subscription.name for subscription in subscriptions()}

    assert everything == {entity for tier, entity in _on_the_bus(stack, Role.BUS_RECEIVER) if tier == Tier.OPS}


def test_whoever_may_receive_from_a_queue_may_hand_a_hint_back_to_it(stack: Stack) -> None:
    received = {(tier, entity) for tier, entity in _on_the_bus(stack, Role.BUS_RECEIVER) if tier != Tier.OPS}

    assert {(tier, entity) for tier, entity in received if entity in _HINTED} <= _on_the_bus(stack, Role.BUS_SENDER)


def test_event_grid_and_nobody_else_says_that_a_file_is_there(stack: Stack) -> None:
    told = {queue.name for queue in queues()} - _HINTED

    assert told
    assert [] == [tier for tier, entity in _on_the_bus(stack, Role.BUS_SENDER) if entity in told]


def test_whoever_takes_files_may_wake_what_an_item_starts_in_bulk(stack: Stack) -> None:
    started = {step.queue.name for flow in FLOWS for step in flow.on_arrival(TrafficClass.BULK)}

    assert started <= {entity for tier, entity in _on_the_bus(stack, Role.BUS_SENDER) if tier == Tier.BATCH}


def test_ingest_may_wake_what_an_accepted_message_starts_and_nothing_later(stack: Stack) -> None:
    started = {s.inbound.name for f in FLOWS for s in f.on_arrival() if isinstance(s.inbound, Queue)}

    assert started == {entity for tier, entity in _on_the_bus(stack, Role.BUS_SENDER) if tier == Tier.INGEST}


def test_the_queues_of_a_laboratory_result_are_fed_by_these_tiers(stack: Stack) -> None:
    process, detect = (LAB_RESULTS.step(name).inbound.name for name in ("process", "detect-critical"))
    send = DELIVERY.step("send").inbound.name
    senders = _on_the_bus(stack, Role.BUS_SENDER)

    assert {"ingest", "process", "batch", "ops"} == {tier for tier, entity in senders if entity == process}
    assert {"ingest", "workflow", "batch", "ops"} == {tier for tier, entity in senders if entity == detect}
    assert {"process", "deliver", "batch", "ops"} == {tier for tier, entity in senders if entity == send}


def test_ops_sweeps_every_queue_and_alone_publishes_facts(stack: Stack) -> None:
    senders = _on_the_bus(stack, Role.BUS_SENDER)
    facts = {topic.name for topic in topics()}

    assert _HINTED | facts == {entity for tier, entity in senders if tier == Tier.OPS}
    assert {Tier.OPS.value} == {tier for tier, entity in senders if entity in facts}


def test_payloads_are_opened_and_kept_by_the_tiers_that_must_and_by_no_other(stack: Stack) -> None:
    archive = {(tier, role) for tier, role, _, entity in _granted(stack) if entity == "archive"}

    assert archive == {
        ("ingest", "BLOB_CONTRIBUTOR"),
        ("batch", "BLOB_CONTRIBUTOR"),
        ("deliver", "BLOB_CONTRIBUTOR"),
        ("api", "BLOB_CONTRIBUTOR"),
        ("process", "BLOB_READER"),
        ("workflow", "BLOB_READER"),
        ("ops", "BLOB_CONTRIBUTOR"),
    }


def test_deliver_alone_reads_credentials_and_ingest_the_signers_keys(stack: Stack) -> None:
    vault = Names("corridor", stack.name).resource("vault")

    assert {
        ("deliver", "SECRETS_READER", "vaults", vault),
        ("ingest", "SECRETS_READER", "secrets", "northside-lab-signing-key"),
    } == {g for g in _granted(stack) if "SECRETS_READER" in g}


def test_a_tier_owns_its_own_host_storage_and_no_other(stack: Stack) -> None:
    owned = {(tier, entity) for tier, role, _, entity in _granted(stack) if role == Role.BLOB_OWNER.name}

    names = Names("corridor", stack.name)
    assert {(tier, names.storage_account(tier)) for tier in stack.of("web:WebApp")} == owned


def test_every_role_is_given_at_an_entity_and_never_above_it(stack: Stack) -> None:
    kinds = {kind for _, _, kind, _ in _granted(stack)}

    assert kinds <= {
        "queues",
        "topics",
        "subscriptions",
        "components",
        "containers",
        "storageAccounts",
        "vaults",
        "secrets",
    }
    assert {"storageAccounts"} == {kind for _, role, kind, _ in _granted(stack) if role == Role.BLOB_OWNER.name}


def test_no_role_is_a_sweeping_one(stack: Stack) -> None:
    assert set() == _TOO_MUCH & {role.value for role in Role}


def test_an_assignment_makes_room_before_it_is_replaced_because_its_name_is_fixed() -> None:
    assert in_place_of_the_old_one(None).delete_before_replace


def test_assignments_are_to_service_principals_under_names_that_do_not_change(runs: dict[str, Stack]) -> None:
    assignments = [
        r["inputs"] for stack in ("dev", "prod") for r in runs[stack].of("authorization:RoleAssignment").values()
    ]
    names = [UUID(inputs["roleAssignmentName"]) for inputs in assignments]

    assert {"ServicePrincipal"} == {inputs["principalType"] for inputs in assignments}
    assert len(names) == len(set(names))
