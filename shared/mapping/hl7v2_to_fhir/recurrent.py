"""
The people, places and organizations that recur from message to message: made once, kept as JSON, and read again.

A practitioner, a ward or an authority is written the same way in thousands of messages. What its map makes of it, in a
context of its own, is remembered for the process by what the sender wrote; in a message it is read anew, so that
nothing is shared and nothing that a message does to it comes back. Never for patients and those around them.

Policy: nothing is remembered that reported an issue, since its place is in the report, nor what is very long; a sender
fills `_MOST` memories at most, then they are begun anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple

from orjson import dumps, loads

from shared.formats.hl7v2.delimiters import Delimiters
from shared.mapping.hl7v2_to_fhir.context import Context, Memories, Resource

Sent = TypeVarTuple("Sent")
Made = TypeVar("Made")

_MOST = 4096
_MOST_SENDERS = 64
_LONGEST = 500
_MOST_CONTENT = 8_000


@dataclass(frozen=True, slots=True)
class Recipe:
    """The resources that one value makes, by id as JSON, and the id of the one that it names."""

    resources: tuple[tuple[str, bytes], ...]
    named: str


_SENDERS: dict[tuple[str, str, Delimiters], tuple[object, Memories]] = {}


def recurrent(
    context: Context, memory: tuple[str, ...], build: Callable[[Context, *Sent], Resource | None], *sent: *Sent
) -> Resource | None:
    """
    Return what `build` makes of a value, in the bundle of this context with all that comes with it.

    `memory` is the value as sent and its data type; `build`, which is given `sent`, depends on it and on the sender's
    ways alone.
    """
    if memory in context.known:
        known: Resource | None = context.known[memory]
        return known
    memories = context.memories if context.memories is not None else _memories(context)
    recipe = memories.get(memory) or _remember(context, memories, memory, build, *sent)
    found = _read(context, recipe) if recipe is not None else None
    context.known[memory] = found = found if found is not None else build(context, *sent)
    return found


def remembered(
    context: Context, memory: tuple[str, ...], build: Callable[[Context, *Sent], Made], *sent: *Sent
) -> Made:
    """Return what `build` makes of a value: no resource, but something that nobody changes. Arguments as above."""
    memories = context.memories if context.memories is not None else _memories(context)
    found: Made | None = memories.get(memory)
    if found is None:
        found = build(context, *sent)
        if sum(map(len, memory)) <= _LONGEST:
            _keep(memories, memory, found)
    return found


def forget() -> None:
    """Forget everything."""
    _SENDERS.clear()


def _memories(context: Context) -> Memories:
    """Return what is remembered of the sender of this message."""
    key = (context.scope, context.offset, context.message.delimiters)
    partner, memories = _SENDERS.get(key, (None, {}))
    if partner is not context.partner:
        if len(_SENDERS) >= _MOST_SENDERS:
            _SENDERS.clear()
        memories = {}
        _SENDERS[key] = (context.partner, memories)
    context.memories = memories
    return memories


def _remember(
    context: Context,
    memories: Memories,
    memory: tuple[str, ...],
    build: Callable[[Context, *Sent], Resource | None],
    *sent: *Sent,
) -> Recipe | None:
    """Return the recipe of a value, None where there is none to remember."""
    apart = context.apart()
    found = build(apart, *sent)
    if found is None or apart.issues:
        return None
    resources = tuple((str(one["id"]), dumps(one)) for one in apart.resources)
    recipe = Recipe(resources, str(found["id"]))
    if sum(map(len, memory)) <= _LONGEST and sum(len(content) for _, content in resources) <= _MOST_CONTENT:
        _keep(memories, memory, recipe)
    return recipe


def _keep(memories: Memories, memory: tuple[str, ...], made: object) -> None:
    if len(memories) >= _MOST:
        memories.clear()
    memories[memory] = made


def _read(context: Context, recipe: Recipe) -> Resource | None:
    """
    Return the resource that the recipe names, with all of them in the bundle.

    None where the bundle has one of them that is not the very same: then the map must bring both together.
    """
    by_id, placed = context.by_id, context.placed
    for identity, content in recipe.resources:
        if identity in by_id and placed.get(identity) != content and by_id[identity] != loads(content):
            return None
    for identity, content in recipe.resources:
        if identity not in by_id:
            by_id[identity] = resource = loads(content)
            context.resources.append(resource)
            placed[identity] = content
    return by_id[recipe.named]
