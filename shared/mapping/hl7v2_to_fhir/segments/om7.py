"""
OM7 -> ObservationDefinition: how a test is ordered, as sent (policy: the guide has no map for master files).

    ObservationDefinition.extension  = OM7-1..24*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
