"""
CON -> Patient: a consent, as sent (no map in the guide: our policy).

    [dropped]         = CON-1       numbers the segment
    Patient.extension = CON-2..27*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
