"""
RMI -> the visit, else the Account: an incident of a stay, as sent (no map in the guide: our policy).

    Encounter.extension = RMI-1..3*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
