"""
PDA -> Patient: death and autopsy, as sent (no map in the guide: our policy).

    Patient.extension = PDA-1..9*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
