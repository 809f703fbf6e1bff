"""
ARV -> Patient, below PV1 Encounter: access restrictions, as sent.

The guide maps none: FHIR has no labels for single fields.

    [dropped]         = ARV-1      numbers the segment
    Patient.extension = ARV-2..9*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
