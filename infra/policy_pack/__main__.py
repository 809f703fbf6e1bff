"""The checks as a policy pack for the Pulumi CLI, which runs this file by its path."""

from __future__ import annotations

from pulumi_policy import PolicyPack

from infra.policy.pulumi_policies import policies

PolicyPack("corridor", policies=policies())
