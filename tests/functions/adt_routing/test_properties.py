"""Whatever the order, the failures and the repetitions: each destination ends where the sender's own order ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.adapters.memory import FakeDestination, FakeDestinations
from shared.errors import TransientError
from shared.partners.model import Partners
from tests.functions.adt_routing.rooms import Ward, adt, hospital, resources, subscriber

# What may follow what at the bedside.
FOLLOWS = {
    "A01": ("A02", "A03", "A08", "A11", "A21"),
    "A02": ("A02", "A03", "A08", "A12"),
    "A12": ("A02", "A03", "A08"),
    "A08": ("A02", "A03", "A08", "A21"),
    "A03": ("A13",),
    "A13": ("A02", "A03", "A08"),
    "A21": ("A22",),
    "A22": ("A02", "A03", "A08"),
    "A11": ("A01",),
}
WARDS = ("3W", "ICU-1", "2N")
NAMES = ("TESTPATIENT-ALDER", "TESTPATIENT-ASH", "TESTPATIENT-BEECH")

unique = count(1)
in_hypothesis = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Said:
    """One message of a stay: its event, its minute, and what it says of the patient."""

    event: str
    minute: int
    unit: str
    family: str


@st.composite
def stays(draw: st.DrawFn) -> list[Said]:
    """Return a stay as the sender wrote it down."""
    events = ["A01"]
    for _ in range(draw(st.integers(1, 5))):
        events.append(draw(st.sampled_from(FOLLOWS[events[-1]])))
    return [
        Said(event, minute, draw(st.sampled_from(WARDS)), draw(st.sampled_from(NAMES)))
        for minute, event in enumerate(events)
    ]


@pytest.fixture
def desk(ward: Ward) -> Ward:
    two = [
        subscriber("ehr", "encounter.*", "patient.*"),
        subscriber("registry", "encounter.*", "patient.*", coalesce=timedelta(seconds=60)),
    ]
    known = Partners({partner.name: partner for partner in (hospital(), *two)})
    return replace(ward, ports=replace(ward.ports, partners=known))


def fresh(desk: Ward) -> Ward:
    """Return the desk with destinations that have seen nothing."""
    return replace(desk, ports=replace(desk.ports, destinations=FakeDestinations()), left=[])


def message(said: Said, number: int) -> bytes:
    return adt(
        said.event, said.minute, mrn=f"TEST-{number}", visit=f"V-{number}", unit=said.unit, family=said.family,
        control_id=f"C-{number}-{said.minute}",
    )  # fmt: skip


def final(desk: Ward, destination: str) -> tuple[str, str, set[str]]:
    """Return the visit's status, the patient's name and the active places at the end, as a FHIR server holds them."""
    held = desk.record(destination)
    (visit,) = [one for one in held.values() if one["resourceType"] == "Encounter"]
    (patient,) = [one for one in held.values() if one["resourceType"] == "Patient"]
    places = {place["location"]["reference"] for place in visit.get("location", ()) if place.get("status") == "active"}
    return visit["status"], patient["name"][0]["family"], {held[place]["partOf"]["reference"] for place in places}


def failing(desk: Ward, names: tuple[str, ...], random: Random) -> None:
    destinations = desk.ports.destinations
    assert isinstance(destinations, FakeDestinations)
    for name in names:
        failures = [TransientError("destination-unavailable") for _ in range(random.randrange(3))]
        destinations.by_name[name] = FakeDestination(failures=list(failures))


def settle(desk: Ward) -> None:
    for _ in range(8):
        desk.later(timedelta(minutes=1))


@given(stay=stays(), seed=st.integers(0, 2**32 - 1))
@in_hypothesis
def test_a_stay_ends_the_same_in_whatever_order_it_arrives(desk: Ward, stay: list[Said], seed: int) -> None:
    random = Random(seed)
    in_order, shuffled = fresh(desk), fresh(desk)
    number = next(unique)
    for said in stay:
        in_order.post(message(said, 2 * number))
        in_order.work()
    settle(in_order)
    failing(shuffled, ("ehr", "registry"), random)
    for said in random.sample(stay, len(stay)):
        shuffled.post(message(said, 2 * number + 1))
        shuffled.post(message(said, 2 * number + 1))  # an ACK that got lost
        if random.random() < 0.5:
            shuffled.work()
    settle(shuffled)

    for destination in ("ehr", "registry"):
        expected, found = final(in_order, destination), final(shuffled, destination)
        assert (expected[0], expected[1]) == (found[0], found[1])
        assert len(expected[2]) == len(found[2])
    assert [] == shuffled.rows("select * from early_message")
    assert [] == shuffled.rows("select * from message where status not in ('processed', 'duplicate')")


def arrivals(random: Random) -> Iterator[tuple[str, str]]:
    """Yield (event, who) of two patients, with the merge of the first into the second somewhere between."""
    merged_at = random.randrange(1, 6)
    for step in range(7):
        if step == merged_at:
            yield "A40", "both"
        yield random.choice(("A01", "A08")), random.choice(("prior", "survivor"))


@given(seed=st.integers(0, 2**32 - 1))
@in_hypothesis
def test_a_merge_stands_where_it_was_sent_at_every_destination(desk: Ward, seed: int) -> None:
    random = Random(seed)
    desk = fresh(desk)
    number = next(unique) + 100_000
    numbers = {"prior": f"TEST-{number}-1", "survivor": f"TEST-{number}-2", "both": f"TEST-{number}-2"}
    failing(desk, ("ehr", "registry"), random)
    posted = list(arrivals(random))
    for minute, (event, who) in enumerate(posted):
        prior = numbers["prior"] if event == "A40" else ""
        visit = f"V-{number}-{who}"
        desk.post(adt(event, minute, mrn=numbers[who], visit=visit, prior=prior, control_id=f"C-{number}-{minute}"))
        if random.random() < 0.3:
            desk.work(only=lambda _: random.random() < 0.7)
    settle(desk)

    merge = [event for event, _ in posted].index("A40")
    told = desk.told("ehr")
    assert len(posted) == len(told)
    at = told.index("A40")
    for _, bundle in list(enumerate(desk.deliveries("ehr")))[at + 1 :]:
        (patient,) = resources(bundle, "Patient")
        assert numbers["survivor"] in {one["value"] for one in patient["identifier"] if one.get("use") != "old"}
    assert merge == at
    assert "A40" in desk.told("registry")
