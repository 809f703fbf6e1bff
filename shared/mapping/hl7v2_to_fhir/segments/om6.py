"""
OM6 -> ObservationDefinition: how a result is calculated, as sent (policy: the guide has no map for master files).

    ObservationDefinition.extension  = OM6-1..2  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
