"""
TXA below an order (ORU^R01, OUL: ORDER_DOCUMENT) -> DocumentReference of the report, else of the request.

Policy: the attachments themselves are in the report (`presentedForm`) or with the Observation; the document describes
them by type and title and does not hold their data a second time.
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.context import Resource, append, reference
from shared.mapping.hl7v2_to_fhir.messages.order_groups import OrderGroup
from shared.mapping.hl7v2_to_fhir.messages.order_resources import Scene
from shared.mapping.hl7v2_to_fhir.segments.txa import document_from_txa
from shared.terminology.systems import DATA_ABSENT_REASON_EXTENSION

_ABSENT = {"extension": [{"url": DATA_ABSENT_REASON_EXTENSION, "valueCode": "unknown"}]}


def add_documents(scene: Scene, order: OrderGroup, request: Resource, report: Resource | None) -> None:
    """Add the documents that an order group describes."""
    for txa in order.details:
        if txa.name != "TXA":
            continue
        document = document_from_txa(scene.context, txa, scene.about.subject, scene.provenance)
        about = document.setdefault("context", {})
        if scene.about.encounter is not None:
            about["encounter"] = [reference(scene.about.encounter)]
        append(about, "related", reference(request if report is None else report))
        forms = (report or {}).get("presentedForm", ())
        described = [{name: form[name] for name in ("contentType", "title", "url") if name in form} for form in forms]
        document["content"] = [{"attachment": form or dict(_ABSENT)} for form in described or [{}]]
