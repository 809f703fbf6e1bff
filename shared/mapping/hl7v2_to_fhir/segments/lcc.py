"""
LCC -> HealthcareService: its accommodation and charges, together in one extension (policy: no map in the guide).

    HealthcareService.extension  = LCC-1..4*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
