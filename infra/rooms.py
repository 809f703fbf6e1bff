"""The services that an environment's tiers share, made from the catalogue and the dials."""

from __future__ import annotations

from dataclasses import dataclass

from infra import access
from infra.components.customer_key import CustomerKey, CustomerKeyArgs
from infra.components.database import Database, DatabaseArgs
from infra.components.database_server import ServerShape
from infra.components.directory import Directory
from infra.components.estate import Concern, Estate
from infra.components.facts_topic import FactsTopic, FactsTopicArgs
from infra.components.messaging import Messaging, MessagingArgs
from infra.components.observability.log_store import LogStore
from infra.components.place import Place
from infra.components.private_service import PrivateAccess
from infra.components.private_storage import PrivateStorage, PrivateStorageArgs
from infra.components.storage_policies import Container
from infra.components.vault import Vault, VaultArgs
from infra.dials import Dials
from infra.tags import Tags
from shared.catalog.flows import FLOWS
from shared.catalog.index import queues, subscriptions, topics
from shared.catalog.model import DataClass

ARCHIVE = "archive"
LANDING = "landing"


@dataclass(frozen=True)
class Rooms:
    """The services of an environment that its tiers share; `landing` is there once a flow takes files."""

    place: Place
    messaging: Messaging
    facts: FactsTopic
    vault: Vault
    archive: PrivateStorage
    landing: PrivateStorage | None
    database: Database
    logs: LogStore
    directory: Directory


@dataclass(frozen=True)
class _Keys:
    """The key of records, and that of their copy in the paired region; None: Microsoft's."""

    own: CustomerKey | None
    paired: CustomerKey | None


def make_rooms(
    dials: Dials, estate: Estate, door: PrivateAccess, logs: LogStore, directory: Directory, tags: Tags
) -> Rooms:
    """Make every shared service, each behind `door`."""
    platform, state = estate.places[Concern.PLATFORM], estate.places[Concern.STATE]
    all_tags = tags.of(FLOWS)
    keys = _make_keys(dials, state, door, all_tags)
    hint_tags = tags.of(FLOWS, DataClass.NONE)
    return Rooms(
        place=platform,
        messaging=_make_messaging(dials, platform, door, keys, hint_tags),
        facts=FactsTopic("facts", FactsTopicArgs(platform, door, hint_tags)),
        vault=Vault("vault", VaultArgs(state, door, tags.of(FLOWS, DataClass.NONE), dials.protect_state)),
        archive=_make_archive(dials, state, door, keys, all_tags),
        landing=_make_landing(dials, state, door, keys, all_tags),
        database=_make_database(dials, state, door, keys, all_tags),
        logs=logs,
        directory=directory,
    )


def archive_days() -> int:
    """Return for how many days a payload is kept: the longest retention of the flows that have payloads."""
    return max(flow.retention.keep.days for flow in FLOWS if flow.data_class is not DataClass.NONE)


def _make_keys(dials: Dials, place: Place, door: PrivateAccess, tags: dict[str, str]) -> _Keys:
    def key(name: str, region: str) -> CustomerKey:
        return CustomerKey(name, CustomerKeyArgs(place, door, name, region, tags))

    if not dials.customer_managed_keys:
        return _Keys(None, None)
    return _Keys(key("key", dials.location), key("key2", dials.paired_region) if dials.geo_redundant else None)


def _make_messaging(dials: Dials, place: Place, door: PrivateAccess, keys: _Keys, tags: dict[str, str]) -> Messaging:
    return Messaging(
        "messaging",
        MessagingArgs(
            place,
            door,
            queues(),
            topics(),
            subscriptions(),
            dials.messaging_units,
            dials.zone_redundant,
            dials.standby_region,
            keys.own,
            tags,
        ),
    )


def _make_archive(
    dials: Dials, place: Place, door: PrivateAccess, keys: _Keys, tags: dict[str, str]
) -> PrivateStorage:
    return PrivateStorage(
        ARCHIVE,
        PrivateStorageArgs(
            place,
            door,
            ARCHIVE,
            (Container(ARCHIVE, archive_days(), write_once=True),),
            dials.storage_sku,
            tags,
            protect=dials.protect_state,
            locked=dials.records_locked,
            key=keys.own,
        ),
    )


def _make_landing(
    dials: Dials, place: Place, door: PrivateAccess, keys: _Keys, tags: dict[str, str]
) -> PrivateStorage | None:
    containers = [Container(name, days) for name, days in access.drop_containers(access.file_drops()).items()]
    if not containers:
        return None
    return PrivateStorage(
        LANDING,
        PrivateStorageArgs(place, door, LANDING, containers, dials.storage_sku, tags, key=keys.own),
    )


def _make_database(dials: Dials, place: Place, door: PrivateAccess, keys: _Keys, tags: dict[str, str]) -> Database:
    return Database(
        "state",
        DatabaseArgs(
            place=place,
            access=door,
            shape=ServerShape(
                size=dials.database_size,
                tier=dials.database_tier,
                storage=dials.database_storage,
                backup_days=dials.backup_days,
                zone_redundant=dials.zone_redundant,
                geo_redundant=dials.geo_redundant,
            ),
            standby_region=dials.standby_region,
            protect=dials.protect_state,
            key=keys.own,
            paired_key=keys.paired,
            tags=tags,
        ),
    )
