"""
RXV -> MedicationRequest: how an infusion is given, as sent (since 2.8; no map in the guide: our policy).

    [dropped]                   = RXV-1       numbers the segment
    MedicationRequest.extension = RXV-2..22*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
