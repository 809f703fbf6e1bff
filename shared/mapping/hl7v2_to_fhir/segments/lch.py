"""
LCH -> Location, HealthcareService: a characteristic, in one extension (policy: the guide has no map for it).

    Location.extension  = LCH-1..5*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
