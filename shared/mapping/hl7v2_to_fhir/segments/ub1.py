"""
UB1 -> Account, else the visit or the Patient: the bill's data, as sent (no map in the guide: our policy).

    [dropped]         = UB1-1       numbers the segment
    Account.extension = UB1-2..23*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
