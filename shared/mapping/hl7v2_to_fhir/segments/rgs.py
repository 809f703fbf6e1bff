"""
RGS -> Appointment: how its resources are grouped (policy: as sent).

    Appointment.extension = RGS-1..3*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
