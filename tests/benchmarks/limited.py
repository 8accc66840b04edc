"""Accounts of any size behind AWS's rates: functions with an alias each, APIs, log groups."""

from __future__ import annotations

from typing import Any

from tests.account_variants import module_of
from tests.accounts.lambda_deployment import metric_data
from tests.benchmarks.quotas import LimitedAccount
from tests.virtual_time import VirtualClock

HEADINGS = ("lambda_deployment", "resource_sizing", "cloudwatch", "xray")
"""Those that ask most of Lambda, API Gateway and CloudWatch Logs."""


def account(
    folder: str, clock: VirtualClock, *, functions: int, apis: int, groups: int
) -> LimitedAccount:
    """A heading's account, grown: everything of it is as its one function, API and log group."""
    fake_account = LimitedAccount(module_of(folder).fake_account().answers, clock)
    answers = fake_account.answers

    def has(service: str, operation: str) -> bool:
        return (service, operation) in answers

    names = [f"agent-{n:04}" for n in range(functions)]
    if has("lambda", "list_functions"):
        [function, *_] = answers["lambda", "list_functions"]["Functions"]
        arn = "arn:aws:lambda:us-east-1:111122223333:function:"
        answers["lambda", "list_functions"] = {
            "Functions": [
                {**function, "FunctionName": name, "FunctionArn": arn + name} for name in names
            ]
        }
        single = answers.get(("lambda", "get_function_configuration")) or function

        def configuration(**params: Any) -> dict[str, Any]:
            return {**single, "FunctionName": params["FunctionName"]}

        answers["lambda", "get_function_configuration"] = configuration
    if has("lambda", "list_aliases"):
        answers["lambda", "list_aliases"] = {"Aliases": [{"Name": "live", "FunctionVersion": "1"}]}
        answers.setdefault(("cloudtrail", "lookup_events"), {"Events": []})
    if has("apigateway", "get_rest_apis"):
        ids = [f"api{n:04}" for n in range(apis)]
        answers["apigateway", "get_rest_apis"] = {"items": [{"id": i, "name": i} for i in ids]}
    if has("logs", "describe_log_groups"):
        listed = [{"logGroupName": f"/aws/lambda/{name}"} for name in names]
        listed += [{"logGroupName": f"/other/{n:05}"} for n in range(groups - len(names))]

        def log_groups(**params: Any) -> dict[str, Any]:
            prefix = params.get("logGroupNamePrefix", "")
            return {"logGroups": [g for g in listed if g["logGroupName"].startswith(prefix)]}

        answers["logs", "describe_log_groups"] = log_groups
        answers.setdefault(("logs", "describe_account_policies"), {"accountPolicies": []})
    if has("cloudwatch", "get_metric_data"):
        answers["cloudwatch", "get_metric_data"] = metric_data({})
    return fake_account
