"""
AUT -> ServiceRequest: what a payer has authorised (policy: as sent; a claim's answer is another message).

    ServiceRequest.extension = AUT-1..30*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
