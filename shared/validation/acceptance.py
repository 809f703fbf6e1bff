"""
Shapes -> JSON Schema (draft 4) of what is valid for sure, one schema per resource type.

A schema is narrower than R4 where that makes it quick and bounds its depth; it is never wider. What it leaves out
(extensions nested deeper than two levels, complex extensions of a data type, extensions of a repeated primitive,
items within items) is left to the walker. What no schema can say is left to `shared.validation.visitors`.

The *quick* schema leaves out more, so that hardly anything remains to be visited. Of references it takes `Type/id`
alone, of the types allowed at their place: such a one is right whether or not it resolves. Required bindings of
concepts and invariants it says in a form that is stricter than the rule, where there is one. It is one schema for many
types and judges all resources of a message in one call: what the types share is compiled once, and stays in the
processor's caches. For the same reason patterns have no counted repetitions: these make large automata.

Draft 4, because only there 1.0 is no integer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import jsonschema_rs

from shared.validation.predicates import Implies, NeedsOne
from shared.validation.primitives import BASE64_LIMIT, STRING_LIMIT
from shared.validation.shapes import Property, Shape, resource_types, shape, value_set

Schema = dict[str, Any]
# Tells what a quick schema leaves out.
Omission = Callable[[Shape, Property], bool]

# A day that the calendar has; years before 1000 are left to the walker.
_DAY: Final = (
    r"([1-9][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    r"|([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)-02-29)"
)
_PART: Final = r"[1-9][0-9]{3}(-(0[1-9]|1[0-2]))?"
_TIME: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,9})?"
_ZONE: Final = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_ID: Final = r"[A-Za-z0-9\-.]"
_LONGEST_ID: Final = 64
_FEW: Final = 12
_NO_CONTROL: Final = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u3000"
_TOKEN: Final = rf"[^{_NO_CONTROL}]+"
_TEXT: Final = rf"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*[^{_NO_CONTROL}][^\x00-\x08\x0b\x0c\x0e-\x1f]*$"


def _matching(expression: str, longest: int = STRING_LIMIT) -> Schema:
    return {"type": "string", "maxLength": longest, "pattern": f"^({expression})$"}


def _number(kind: str, lowest: float, highest: float) -> Schema:
    return {"type": kind, "minimum": lowest, "maximum": highest}


_WORDS: Final = {"type": "string", "minLength": 1, "maxLength": STRING_LIMIT, "pattern": _TEXT}
_URI: Final = _matching(_TOKEN)
_BASE64: Final = r"([0-9a-zA-Z+/]{4})*([0-9a-zA-Z+/]{4}|[0-9a-zA-Z+/]{3}=|[0-9a-zA-Z+/]{2}==)"
_PRIMITIVES: Final[dict[str, Schema]] = {
    "base64Binary": _matching(_BASE64, BASE64_LIMIT),
    "boolean": {"type": "boolean"},
    "canonical": _URI,
    "code": _matching(rf"{_TOKEN}( {_TOKEN})*"),
    "date": _matching(rf"{_PART}|{_DAY}"),
    "dateTime": _matching(rf"{_PART}|{_DAY}(T{_TIME}{_ZONE})?"),
    "decimal": _number("number", -1e15, 1e15),
    "id": _matching(rf"{_ID}+", _LONGEST_ID),
    "instant": _matching(rf"{_DAY}T{_TIME}{_ZONE}"),
    "integer": _number("integer", -(2**31), 2**31 - 1),
    "markdown": _WORDS,
    "oid": _matching(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+"),
    "positiveInt": _number("integer", 1, 2**31 - 1),
    "string": _WORDS,
    "time": _matching(_TIME),
    "unsignedInt": _number("integer", 0, 2**31 - 1),
    "uri": _URI,
    "url": _URI,
    "uuid": _matching(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    "xhtml": _WORDS,
}  # The complex values that extensions have in practice; the others would double every schema.
_EXTENSION_TYPES: Final = frozenset({
    "Address", "Age", "Annotation", "CodeableConcept", "Coding", "ContactPoint", "Duration", "HumanName", "Identifier",
    "Period", "Quantity", "Range", "Ratio", "Reference",
})  # fmt: skip
# What an extension of a data type or of a primitive may hold besides primitives; these then have none themselves.
_PLAIN_TYPES: Final = ("Coding", "CodeableConcept")


def schema_of(resource: str) -> Schema:
    """Return the schema of a resource type; a resource within it is any object, judged by its own schema."""
    return {"$ref": f"#/definitions/{resource}", "definitions": _definitions([resource], None)}


def quick_schema_of(resources: Iterable[str], omits: Omission) -> Schema:
    """Return the quick schema, of an object of lists of resources by type; `omits` tells what it leaves out."""
    names = sorted(resources)
    lists = {name: {"type": "array", "items": {"$ref": f"#/definitions/{name}"}} for name in names}
    definitions = _definitions(names, omits)
    return {"type": "object", "properties": lists, "additionalProperties": False, "definitions": definitions}


def compiled(schema: Schema) -> jsonschema_rs.Draft4Validator:
    """Return the validator of a schema: no pattern looks around, so the engine that never backtracks reads them."""
    return jsonschema_rs.Draft4Validator(schema, pattern_options=jsonschema_rs.RegexOptions())


def _definitions(resources: list[str], omits: Omission | None) -> dict[str, Schema]:
    definitions: dict[str, Schema] = {}
    wanted = list(resources)
    while wanted:
        name = wanted.pop()
        if name not in definitions:
            definitions[name] = _definition(name, wanted, omits)
    return definitions


def _definition(name: str, wanted: list[str], omits: Omission | None) -> Schema:
    """
    Return the schema of a shape or of one of its variants; adds what it refers to.

    A variant is named `Extension:inner`; a reference in a quick schema has its targets too, `Reference:plain-Patient`.
    """
    own, *targets = name.split("-")
    base, _, variant = own.partition(":")
    form = shape(base)
    properties: dict[str, Schema] = {}
    for key, prop in form.properties.items():
        if is_left_out(form, prop, variant) or (omits is not None and omits(form, prop)):
            continue
        kind = _variant(form, prop, variant)
        if omits is not None and kind.startswith("Reference"):
            kind = "-".join((kind, *sorted(prop.targets or resource_types())))
        if not prop.check and kind not in resource_types() and kind != "Resource":
            wanted.append(kind)
        properties[key] = _property(prop, kind, form)
        if omits is not None and says_binding(prop):
            properties[key] = {"allOf": [properties[key], _bound(prop)]}
        if not variant and _may_be_extended(form, prop):
            properties[f"_{key}"] = {"$ref": "#/definitions/Element:plain"}
            wanted.append("Element:plain")
    if targets:
        properties = _literal(properties, targets)
    closed = {"type": "object", "additionalProperties": False, "properties": properties}
    conditions = _conditions(form, properties)
    if omits is not None:
        stricter = [rule.stricter for rule in form.invariants if rule.stricter is not None]
        conditions |= {"allOf": [*conditions.get("allOf", ()), *stricter]} if stricter else {}
    return closed | conditions | _narrowed(name)


def says_binding(prop: Property) -> bool:
    """Whether a quick schema says a required binding of a CodeableConcept: to a value set of one code system."""
    return prop.type == "CodeableConcept" and not prop.many and len(value_set(prop.value_set) or {}) == 1


def _bound(prop: Property) -> Schema:
    """Return the schema of a CodeableConcept each of whose codings is in the value set, where one would do."""
    ((system, codes),) = (value_set(prop.value_set) or {}).items()
    members = {"system": {"enum": [system]}, "code": {"enum": sorted(codes)}}
    coding = {"required": sorted(members), "properties": members}
    return {"required": ["coding"], "properties": {"coding": {"items": coding}}}


def _literal(properties: dict[str, Schema], targets: list[str]) -> dict[str, Schema]:
    """Return the properties of a reference to one of the targets; what it states as its type is left out."""
    longest = min(map(len, targets)) + 1 + _LONGEST_ID
    if len(targets) > _FEW:
        named = _matching(rf"({'|'.join(targets)})/{_ID}+", longest)
    else:
        # One automaton for nearly all references: it stays in the processor's caches, and beginnings need none.
        named = _matching(rf"[A-Za-z]+/{_ID}+", longest) | {"anyOf": [{"pattern": f"^{one}/"} for one in targets]}
    return {key: value for key, value in properties.items() if key not in ("type", "_type")} | {"reference": named}


def is_left_out(form: Shape, prop: Property, variant: str = "") -> bool:
    """Whether an element is left to the walker: what would make schemas refer to themselves."""
    if form.name == "Extension" and prop.key != "extension":
        usual = prop.check is not None or prop.type in (_PLAIN_TYPES if variant == "plain" else _EXTENSION_TYPES)
        return prop.key == "id" or not usual
    if variant and prop.key in ("identifier", "extension"):
        return form.name != "Element"
    return "." in prop.type and f"{form.name}.".startswith(f"{prop.type}.")


def _may_be_extended(form: Shape, prop: Property) -> bool:
    if prop.check is None or prop.many:
        return False
    return prop.key != "resourceType" and form.name not in ("Element", "Extension")


def _variant(form: Shape, prop: Property, variant: str) -> str:
    if prop.type == "Extension":
        if form.name == "Extension":
            return "Extension:inner"
        return "Extension:plain" if has_plain_extensions(form.name) else "Extension"
    if form.name == "Identifier" and prop.type == "Reference":
        return "Reference:plain"
    return f"{prop.type}:plain" if variant == "plain" and prop.type in _PLAIN_TYPES else prop.type


def has_plain_extensions(name: str) -> bool:
    """Whether complex extensions of a shape are left to the walker: of data types, and of a bundle's many parts."""
    return name.split(".")[0] not in resource_types() or name.startswith("Bundle.")


def _property(prop: Property, kind: str, form: Shape) -> Schema:
    if prop.key == "resourceType":
        return {"enum": [form.name]}
    if prop.check is not None:
        single = {"enum": sorted(prop.codes)} if prop.value_set and prop.codes is not None else _PRIMITIVES[prop.type]
    elif kind == "Resource" or kind in resource_types():
        single = {"type": "object"}
    else:
        single = {"$ref": f"#/definitions/{kind}"}
    if not prop.many:
        return single
    limit = {"maxItems": prop.maximum} if prop.maximum > 0 else {}
    return {"type": "array", "items": single, "minItems": 1, **limit}


def _conditions(form: Shape, properties: dict[str, Schema]) -> Schema:
    """Return what the elements of a shape demand of one another."""
    required = [keys[0] for _, keys in form.required if len(_choices(keys)) == 1]
    one_of = [_choices(keys) for _, keys in form.required if len(_choices(keys)) > 1]
    one_of += [list(rule.holds.names) for rule in form.invariants if isinstance(rule.holds, NeedsOne)]
    implied: list[Schema] = [
        {"dependencies": {key: [rule.holds.second] for key in (rule.holds.first, f"_{rule.holds.first}")}}
        for rule in form.invariants
        if isinstance(rule.holds, Implies)
    ]
    allowed: list[Schema] = [{"anyOf": [{"required": [key]} for key in keys]} for keys in one_of] + implied
    excluded = _exclusions(form, properties)
    if "resourceType" not in properties and form.name != "Extension" and "id" in properties:
        excluded["id"] = {"minProperties": 2}
    stated = {"required": required, "allOf": allowed, "dependencies": excluded}
    # What requires anything is not empty.
    return ({} if required else {"minProperties": 1}) | {key: value for key, value in stated.items() if value}


def _choices(keys: tuple[str, ...]) -> list[str]:
    return [key for key in keys if not key.startswith("_")]


def _exclusions(form: Shape, properties: dict[str, Schema]) -> Schema:
    """Return, per choice of a type, that none of the types after it is chosen too."""
    if form.name == "Extension":
        return {}  # it has two members: its url and one more
    groups: dict[str, list[str]] = {}
    for key in properties:
        prop = form.properties.get(key)
        if prop is not None and prop.choice:
            groups.setdefault(prop.choice, []).append(key)
    return {
        own: {"not": {"anyOf": [{"required": [other]} for one in keys[number + 1 :] for other in (one, f"_{one}")]}}
        for keys in groups.values()
        for number, key in enumerate(keys[:-1])
        for own in (key, f"_{key}")
    }


def _narrowed(name: str) -> Schema:
    if name.startswith("Extension"):
        return {"minProperties": 2, "maxProperties": 2}
    return {"required": ["extension"]} if name == "Element:plain" else {}
