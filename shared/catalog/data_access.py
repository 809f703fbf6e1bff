"""
Which tier may do what with which table: PostgreSQL grants are generated from this page (invariant 10).

`S` select, `I` insert, `U` update, `D` delete. What a tier does not list, its role cannot touch.
"""

from __future__ import annotations

from shared.catalog.model import Tier

_STREAMS = {"stream": "SIUD", "entry": "SIUD"}
_EVIDENCE = {"hop": "I", "audit": "I"}
_QUARANTINE = {"quarantine": "SI", "task": "SI", "task_transition": "SI"}

TABLE_ACCESS: dict[Tier, dict[str, str]] = {
    Tier.INGEST: {
        **_STREAMS,
        **_EVIDENCE,
        "message": "SI",
        "inbox": "SI",
        "patient_alias": "SI",
        "halt": "S",
        "pressure": "S",
        "intake_allowance": "SIU",
    },
    Tier.API: {"message": "S", "delivery": "S", "quarantine": "S", "audit": "I"},
    Tier.PROCESS: {
        **_STREAMS,
        "halt": "S",
        **_EVIDENCE,
        **_QUARANTINE,
        "message": "SU",
        "conversion": "SI",
        "event": "SI",
        "report_state": "SIU",
        "delivery": "SI",
        "patient_alias": "S",
    },
    Tier.DELIVER: {
        **_STREAMS,
        **_EVIDENCE,
        "quarantine": "SI",
        "task": "SIU",  # an outage that has ended closes its own task
        "task_transition": "SI",
        "destination_gate": "SIU",
        "halt": "S",
        "message": "S",
        "conversion": "S",
        "delivery": "SU",
        "consent": "S",
    },
    Tier.WORKFLOW: {
        **_STREAMS,
        "halt": "S",
        **_EVIDENCE,
        "message": "S",
        "quarantine": "SI",
        "task": "SIU",
        "task_transition": "SI",
        "job_lease": "SIU",
    },
    Tier.OPS: {
        **_STREAMS,
        **_EVIDENCE,
        "destination_gate": "SIU",
        "halt": "SIUD",
        "pressure": "SIU",
        "dead_letter": "SI",
        "audit": "SI",
        "audit_seal": "SI",
        "message": "SU",
        "delivery": "SU",
        "quarantine": "SU",
        "event": "SU",
        "task": "SIU",
        "task_transition": "SI",
        "job_lease": "SIU",
    },
}

# What an operator's command line reads to answer `trace` and `reconcile`; it writes nothing but audit.
OPERATOR_ACCESS: dict[str, str] = {
    "message": "S",
    "delivery": "S",
    "event": "S",
    "hop": "S",
    "quarantine": "S",
    "task": "S",
    "task_transition": "S",
    "stream": "S",
    "entry": "S",
    "audit": "SI",
    "audit_seal": "S",
}
