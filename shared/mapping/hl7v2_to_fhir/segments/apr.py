"""
APR -> Appointment: what is preferred (policy: as sent).

    Appointment.extension = APR-1..5*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
