"""
MFE -> the resource of the record: what happens to it, its key (policy: the guide has no map for master files).

What the event (MFE-1, table 0180) makes of the record's state, the map of the record says: MDL and MDC withdraw it.

    Resource.extension  = MFE-1..7*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
