"""
OM5 -> ObservationDefinition: the tests of a battery, as sent (policy: the guide has no map for master files).

    ObservationDefinition.extension  = OM5-1..3*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
