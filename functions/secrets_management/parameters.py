"""Whether a parameter of Parameter Store is a secret, by its type and its name."""

from readiness import Severity, Verdict, complies, violates
from readiness.evidence.ssm import ParameterType
from readiness.semantics.credential_names import is_a_secret, may_be_a_secret

from .settings import ParameterStoreSettings


def judge_parameter(parameter: ParameterType, parameter_store: ParameterStoreSettings) -> Verdict:
    """The verdict on a parameter, of which the value is never read."""
    if parameter.type == "SecureString":
        if parameter_store.accept_ssm_secure_string:
            return complies(
                "The parameter is a SecureString, which accept_ssm_secure_string accepts.",
                type="SecureString",
            )
        return violates(
            "The parameter is a SecureString: a secret outside Secrets Manager, without rotation.",
            expected="A secret in AWS Secrets Manager.",
            severity=Severity.LOW,
            type=parameter.type,
        )
    if is_a_secret(parameter.name):
        return violates(
            "The parameter's name or folder says that it is a secret, but its type is"
            f" {parameter.type}, which is stored and shown in plain text.",
            expected="A secret in AWS Secrets Manager.",
            type=parameter.type,
        )
    if may_be_a_secret(parameter.name):
        return violates(
            "The parameter has a name as keys and logins have, but its type is"
            f" {parameter.type}, which is stored and shown in plain text.",
            expected="A secret in AWS Secrets Manager; or, if the value is only what a key is"
            " called, a name that says so (signing-key-id, signing-key-arn).",
            severity=Severity.MEDIUM,
            type=parameter.type,
        )
    return complies(
        f"The parameter is a {parameter.type}, and its name is not that of a secret.",
        type=parameter.type,
    )
