"""What Lambda does when it sees a function in a loop."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.awslambda.functions import FUNCTION, FUNCTION_GONE, function_call
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource


@evidence(
    FUNCTION,
    reads=("lambda:GetFunctionRecursionConfig",),
    changed_by=(function_call("PutFunctionRecursionConfig"),),
)
@dataclass(frozen=True, slots=True)
class RecursionGuard:
    """What Lambda does when it sees the function in a loop with SQS, SNS, S3 or itself.

    ``Terminate`` (its default) or ``Allow``. Source: GetFunctionRecursionConfig.
    """

    loop: str

    @classmethod
    def load(cls, read: Reader, function: Resource) -> RecursionGuard:
        answer = read.one(
            "lambda", "get_function_recursion_config", gone=FUNCTION_GONE, FunctionName=function.id
        )
        return cls(answer["RecursiveLoop"])
