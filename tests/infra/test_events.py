from __future__ import annotations

import pytest

from infra.components.events import EventsArgs
from infra.components.place import Place
from infra.components.private_service import PrivateAccess
from infra.names import Names
from shared.catalog.model import FileDrop, Queue, Step, Tier
from tests.infra.recording import Stack
from tests.infra.sample_catalogue import build, copy_with_sample_flow


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stack]:
    root = copy_with_sample_flow(tmp_path_factory.mktemp("checkout"))
    return {doors: build(root, "test", {"publicDoors": doors}) for doors in ("closed", "open")}


def _subscription(stack: Stack, function: str) -> dict[str, object]:
    return dict(stack.of("eventgrid:SystemTopicEventSubscription")[function]["inputs"])


def _granted(stack: Stack, principal: str) -> set[str]:
    return {name for name in stack.of("authorization:RoleAssignment") if name.startswith(f"{principal}-")}


def test_the_facts_topic_takes_entra_tokens_alone_and_has_no_public_door(stack: Stack) -> None:
    topic = stack.one("eventgrid:Topic")

    assert topic["disableLocalAuth"] is True
    assert topic["publicNetworkAccess"] == "Disabled"
    assert topic["inputSchema"] == "CloudEventSchemaV1_0"
    assert topic["identity"] == {"type": "SystemAssigned"}
    assert {"ops-facts-sender-facts"} == {n for n in stack.of("authorization:RoleAssignment") if "facts-sender" in n}


def test_nothing_of_event_grid_exists_that_no_step_listens_to(runs: dict[str, Stack]) -> None:
    listened = runs["dev"].of("eventgrid:SystemTopic").keys()

    assert listened <= {"landing", "vaults-facts", "healthresources-facts"}
    assert bool(listened) == ("dead-letters" in runs["dev"].of("storage:StorageAccount"))


def test_a_complete_file_wakes_its_step_through_a_queue(sample: dict[str, Stack]) -> None:
    subscription = _subscription(sample["closed"], "sample_take_file")
    delivery, chosen = subscription["deliveryWithResourceIdentity"], subscription["filter"]

    assert isinstance(delivery, dict)
    assert isinstance(chosen, dict)
    assert delivery["identity"] == {"type": "SystemAssigned"}
    assert delivery["destination"]["endpointType"] == "ServiceBusQueue"
    assert delivery["destination"]["resourceId"].rpartition("/")[2] == "sample-take-file"
    assert chosen["includedEventTypes"] == ["Microsoft.Storage.BlobCreated"]
    assert chosen["subjectBeginsWith"] == "/blobServices/default/containers/registry/blobs/daily/"
    assert "PutBlockList" in chosen["advancedFilters"][0]["values"]


def test_event_grid_may_put_into_the_queue_of_the_file_and_bury_what_it_cannot(sample: dict[str, Stack]) -> None:
    subscription = sample["closed"].of("eventgrid:SystemTopicEventSubscription")["sample_take_file"]

    assert _granted(sample["closed"], "landing") == {
        "landing-bus-sender-intake-take-files",
        "landing-bus-sender-sample-take-file",
        "landing-blob-contributor-dead-letters",
    }
    assert {d.rpartition("::")[2] for d in subscription["dependencies"]} >= {
        "landing-bus-sender-sample-take-file",
        "landing-blob-contributor-dead-letters",
    }
    assert subscription["inputs"]["retryPolicy"] == {"maxDeliveryAttempts": 30, "eventTimeToLiveInMinutes": 1440}
    assert subscription["inputs"]["deadLetterWithResourceIdentity"]["identity"] == {"type": "SystemAssigned"}


def test_only_the_tier_of_the_step_opens_what_was_dropped(sample: dict[str, Stack]) -> None:
    grants = sample["closed"].of("authorization:RoleAssignment")
    settings = {
        name: {pair["name"] for pair in app["inputs"]["siteConfig"]["appSettings"]}
        for name, app in sample["closed"].of("web:WebApp").items()
    }

    assert {"batch-blob-contributor-registry"} == {name for name in grants if "registry" in name}
    assert {"batch"} == {name for name, names in settings.items() if "CORRIDOR_LANDING_URL" in names}
    assert "batch-bus-receiver-sample-take-file" in grants
    assert "ops-bus-sender-sample-take-file" not in grants


def test_a_dropped_file_is_disposed_of_because_the_archive_has_it(sample: dict[str, Stack]) -> None:
    rules = sample["closed"].of("storage:ManagementPolicy")["landing"]["inputs"]["policy"]["rules"]
    account = sample["closed"].of("storage:StorageAccount")["landing"]["inputs"]

    assert [["hl7v2-drops/"], ["registry/"]] == sorted(rule["definition"]["filters"]["prefixMatch"] for rule in rules)
    assert [{"daysAfterModificationGreaterThan": 30}] * 2 == [
        rule["definition"]["actions"]["baseBlob"]["delete"] for rule in rules
    ]
    assert "immutableStorageWithVersioning" not in account


def test_platform_facts_are_told_to_the_one_app_that_event_grid_can_reach(sample: dict[str, Stack]) -> None:
    subscription = _subscription(sample["closed"], "sample_note_expiry")
    topics = sample["closed"].of("eventgrid:SystemTopic")
    public = {
        name: app["inputs"]["siteConfig"].get("ipSecurityRestrictions")
        for name, app in sample["closed"].of("web:WebApp").items()
        if app["inputs"]["publicNetworkAccess"] == "Enabled"
    }

    assert isinstance(subscription["destination"], dict)
    assert subscription["destination"]["resourceId"].endswith("-ops/functions/sample_note_expiry")
    assert {"landing", "vaults-facts", "healthresources-facts"} == topics.keys()
    assert topics["healthresources-facts"]["inputs"]["location"] == "global"
    assert {"ops"} == public.keys()
    assert [("Allow", "ServiceTag", "AzureEventGrid")] == [
        (r["action"], r["tag"], r["ipAddress"]) for r in public["ops"]
    ]


def test_while_the_doors_are_open_the_code_can_come_in_and_facts_wait(sample: dict[str, Stack]) -> None:
    apps = [app["inputs"] for app in sample["open"].of("web:WebApp").values()]

    assert {("Enabled", "Allow", "Deny")} == {
        (
            app["publicNetworkAccess"],
            app["siteConfig"]["scmIpSecurityRestrictionsDefaultAction"],
            app["siteConfig"]["ipSecurityRestrictionsDefaultAction"],
        )
        for app in apps
    }
    assert {"intake_take_files", "sample_take_file"} == sample["open"].of(
        "eventgrid:SystemTopicEventSubscription"
    ).keys()


def test_a_new_flow_brings_its_tier_its_subnet_and_its_tags_without_an_edit_of_infra(
    sample: dict[str, Stack], runs: dict[str, Stack]
) -> None:
    before, after = runs["test"], sample["closed"]

    assert "report" not in before.of("web:WebApp")
    assert "report" in after.of("network:Subnet")
    assert after.of("web:WebApp")["report"]["inputs"]["tags"]["flow-sample"] == "registry-desk"
    for name, subnet in before.of("network:Subnet").items():
        assert subnet["inputs"]["addressPrefix"] == after.of("network:Subnet")[name]["inputs"]["addressPrefix"]


def test_a_renamed_queue_keeps_the_old_one_which_sends_on_what_still_comes(sample: dict[str, Stack]) -> None:
    queues = sample["closed"].of("servicebus:Queue")

    assert queues["sample-chase"]["inputs"]["forwardTo"] == "sample-follow"
    assert "forwardTo" not in queues["sample-follow"]["inputs"]
    assert not [name for name in sample["closed"].of("authorization:RoleAssignment") if "sample-chase" in name]


def test_drops_without_a_storage_to_land_in_are_refused() -> None:
    place = Place(Names("corridor", "test"), "group", "subscription", "tenant", "eastus2")
    step = Step("take", Tier.BATCH, FileDrop("registry", Queue("take")))

    with pytest.raises(ValueError, match="file drops need the landing storage"):
        EventsArgs(place, PrivateAccess("subnet", {}), {step: "queue"}, None, [], "Standard_LRS", {})
