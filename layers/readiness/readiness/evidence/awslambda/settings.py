"""A function's configuration for rules that read a few of its settings: only those wake them.

Each is a :class:`FunctionConfiguration` with every field of it. A rule may read those of the
settings that its class names, and what stays for a function's life
(``tests/contract/test_fields.py``). Sources as there.
"""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.awslambda.functions import (
    DEPLOYED,
    FUNCTION,
    READS,
    FunctionConfiguration,
    configured,
)
from readiness.model.evidence import evidence

VARIABLES = ("environment", "kmskeyarn", "role")
"""The role too: Lambda decrypts the variables in its name."""

NETWORK = ("vpcconfig", "capacityproviderconfig")


@evidence(FUNCTION, reads=READS, changed_by=(configured(*VARIABLES),))
@dataclass(frozen=True, slots=True)
class FunctionVariables(FunctionConfiguration):
    """The environment variables, and whether Lambda could decrypt them."""


@evidence(FUNCTION, reads=READS, changed_by=(configured(*NETWORK),))
@dataclass(frozen=True, slots=True)
class FunctionPlacement(FunctionConfiguration):
    """The VPC, subnets, security groups and capacity provider."""


@evidence(FUNCTION, reads=READS, changed_by=(configured(*VARIABLES, *NETWORK),))
@dataclass(frozen=True, slots=True)
class FunctionConnections(FunctionConfiguration):
    """What the function connects to: variables that name it, and the network it is in."""


@evidence(FUNCTION, reads=READS, changed_by=(configured("timeout", "capacityproviderconfig"),))
@dataclass(frozen=True, slots=True)
class FunctionTimeout(FunctionConfiguration):
    """The timeout, and what decides which version a call without a qualifier reaches."""


@evidence(
    FUNCTION,
    reads=READS,
    changed_by=(configured("memorysize", "timeout", "capacityproviderconfig"), DEPLOYED),
)
@dataclass(frozen=True, slots=True)
class FunctionCapacity(FunctionConfiguration):
    """The memory size, the architecture (which new code may change), timeout and provider."""


@evidence(FUNCTION, reads=READS, changed_by=(configured("layers", "capacityproviderconfig"),))
@dataclass(frozen=True, slots=True)
class FunctionLayers(FunctionConfiguration):
    """The layers, and what decides which version a call without a qualifier reaches."""


@evidence(
    FUNCTION,
    reads=READS,
    changed_by=(configured("loggingconfig", "role", "capacityproviderconfig"),),
)
@dataclass(frozen=True, slots=True)
class FunctionLogging(FunctionConfiguration):
    """The log group, the level of the platform's log lines, the role that writes, the provider."""


@evidence(
    FUNCTION,
    reads=READS,
    changed_by=(
        configured(
            *VARIABLES,
            "capacityproviderconfig",
            "layers",
            "loggingconfig",
            "runtime",
            "tracingconfig",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class FunctionTelemetry(FunctionConfiguration):
    """What decides whether the function sends traces: mode, layers, variables, runtime, logs."""


@evidence(
    FUNCTION,
    reads=READS,
    changed_by=(configured("deadletterconfig", "role", "capacityproviderconfig"),),
)
@dataclass(frozen=True, slots=True)
class FunctionFailures(FunctionConfiguration):
    """Where failed asynchronous invocations go, in whose name, and on what it runs."""
