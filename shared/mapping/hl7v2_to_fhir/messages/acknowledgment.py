"""
ACK, MCF -> transaction Bundle (policy: the guide has MSA in a MessageHeader alone, and a transaction has none).

    MSA, ERR    Task "process the message", with its errors as an OperationOutcome inside: see `segments/msa`
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages.groups import tree
from shared.mapping.hl7v2_to_fhir.messages.query_parts import add_answer
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh


def bundle_from_acknowledgment(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    message = context.message
    provenance = provenance_from_msh(context, message.header)
    if message.first("MSA") is None:
        context.report(
            "warning", "required", "acknowledgment-without-msa", "MSA", "Nothing says what is acknowledged."
        )
    add_answer(context)
    add_remainder(context, tree(message.segments[1:], {}), provenance)
    return transaction(context, provenance)


MAP = MessageMap("hl7v2-acknowledgment", "1.0.1", bundle_from_acknowledgment)
