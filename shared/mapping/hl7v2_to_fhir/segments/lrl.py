"""
LRL -> Location: a relationship, its fields together in one extension (policy: the guide has no map for it).

    Location.extension  = LRL-1..6*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
