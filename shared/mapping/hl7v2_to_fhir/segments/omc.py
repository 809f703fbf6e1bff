"""
OMC -> ObservationDefinition: clinical information that it asks for, as sent (policy: the guide has no map for it).

    ObservationDefinition.extension  = OMC-1..24*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
