"""
DB1 -> Patient: disability of the person that DB1-2 names, as sent (no map in the guide: our policy).

    [dropped]         = DB1-1      numbers the segment
    Patient.extension = DB1-2..8*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
