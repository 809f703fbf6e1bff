"""
ACC -> the visit's Encounter, else the Account or the Patient: an accident, as sent (no map in the guide: our policy).

    Encounter.extension = ACC-1..13*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
