"""
BLC -> the visit, else the Account: blood products of a stay, as sent (no map in the guide: our policy).

    Encounter.extension = BLC-1..2*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
