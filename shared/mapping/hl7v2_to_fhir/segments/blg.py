"""
BLG -> Account that the order is charged to. The guide has no map of it: all of this is our policy.

    ServiceRequest.extension  = BLG-1..2  AS-SENT
    Account.identifier        = BLG-3   CX    referred to from ServiceRequest.extension
    ServiceRequest.extension  = BLG-4   AS-SENT
    MedicationRequest.extension = BLG-1..2  AS-SENT  of an order for a medication
    MedicationRequest.extension = BLG-4   AS-SENT
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx, issuer_of
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)


def add_blg(context: Context, request: Resource, blg: Segment) -> None:
    """Add the account to the request."""
    carry_into(context, request, blg, TABLE)
    named = blg.first(3)
    identifier = identifier_from_cx(context, named, blg.location(3)) if named is not None else None
    if named is None or identifier is None:
        carry_field(request, blg, 3)
        return
    account = context.shared("Account", scoped(context.scope, issuer_of(context, named, 4)), named.component(1))
    account["status"] = "active"
    append(account, "identifier", identifier)
    if "reference" in request["subject"]:
        append(account, "subject", request["subject"])
    append(request, "extension", {"url": f"{EXTENSIONS}account", "valueReference": reference(account)})
