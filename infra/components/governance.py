"""
What holds for the whole subscription: policies, allowed regions, the budget, Microsoft Defender.

A stack has a subscription of its own: two stacks in one would set these twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization, consumption, security

from infra.components.place import Place

_DEFINITIONS = "/providers/Microsoft.Authorization/policyDefinitions/"
_INITIATIVES = "/providers/Microsoft.Authorization/policySetDefinitions/"
_HITRUST_HIPAA = "a169a624-5599-4385-a696-c8d643089fab"
_ALLOWED_LOCATIONS = "e56962a6-4747-49cd-b67b-bf8b01975c4c"
_ALLOWED_GROUP_LOCATIONS = "e765b5de-1225-4ba3-bd56-1ac6695af988"

# Defender plans that come in more than one form.
_SUB_PLANS = {
    "Api": "P1",
    "Arm": "PerSubscription",
    "KeyVaults": "PerTransaction",
    "StorageAccounts": "DefenderForStorageV2",
}


@dataclass(frozen=True)
class GovernanceArgs:
    """
    The dials of a subscription.

    `policy` is `none`, `audit` (seen, not refused) or `enforce`; `budget_start` the first of a month, which Azure
    wants to be that in which the budget is made.
    """

    place: Place
    regions: Sequence[str]
    policy: str
    monthly_budget: int
    budget_start: str
    budget_contacts: Sequence[str]
    defender_plans: Sequence[str]


class Governance(pulumi.ComponentResource):
    """Assignments of built-in policies at the subscription, one budget, and the Defender plans that are asked for."""

    def __init__(self, name: str, args: GovernanceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Governance", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        self._scope = pulumi.Output.concat("/subscriptions/", args.place.subscription_id)
        if args.policy != "none":
            regions = {"listOfAllowedLocations": [*args.regions, "global"]}
            self._assign("hitrust-hipaa", _INITIATIVES + _HITRUST_HIPAA, {})
            self._assign("allowed-regions", _DEFINITIONS + _ALLOWED_LOCATIONS, regions)
            self._assign("allowed-group-regions", _DEFINITIONS + _ALLOWED_GROUP_LOCATIONS, regions)
        self._budget()
        for plan in args.defender_plans:
            self._defend(plan)
        self.register_outputs({})

    def _assign(self, name: str, definition: str, parameters: Mapping[str, Sequence[str]]) -> None:
        args = self._args
        modes = authorization.EnforcementMode
        authorization.PolicyAssignment(
            name,
            policy_assignment_name=name,
            scope=self._scope,
            policy_definition_id=definition,
            display_name=f"Corridor: {name}",
            enforcement_mode=modes.DEFAULT if args.policy == "enforce" else modes.DO_NOT_ENFORCE,
            parameters={key: authorization.ParameterValuesValueArgs(value=list(v)) for key, v in parameters.items()},
            # Policies that mend what they find need an identity; it is given no role until somebody wants that.
            location=args.place.location,
            identity=authorization.IdentityArgs(type=authorization.ResourceIdentityType.SYSTEM_ASSIGNED),
            opts=self._options,
        )

    def _budget(self) -> None:
        args = self._args
        consumption.Budget(
            "monthly",
            budget_name=args.place.names.in_group("monthly"),
            scope=self._scope,
            amount=args.monthly_budget,
            category=consumption.CategoryType.COST,
            time_grain=consumption.TimeGrainType.MONTHLY,
            time_period=consumption.BudgetTimePeriodArgs(start_date=f"{args.budget_start}T00:00:00Z"),
            notifications={
                "spent": self._notification(80, consumption.ThresholdType.ACTUAL),
                "forecast": self._notification(100, consumption.ThresholdType.FORECASTED),
            },
            opts=self._options,
        )

    def _notification(self, percent: int, kind: consumption.ThresholdType) -> consumption.NotificationArgs:
        return consumption.NotificationArgs(
            enabled=True,
            operator=consumption.OperatorType.GREATER_THAN_OR_EQUAL_TO,
            threshold=percent,
            threshold_type=kind,
            contact_emails=list(self._args.budget_contacts),
        )

    def _defend(self, plan: str) -> None:
        security.Pricing(
            plan,
            pricing_name=plan,
            pricing_tier=security.PricingTier.STANDARD,
            scope_id=pulumi.Output.concat("subscriptions/", self._args.place.subscription_id),
            sub_plan=_SUB_PLANS.get(plan),
            opts=self._options,
        )
