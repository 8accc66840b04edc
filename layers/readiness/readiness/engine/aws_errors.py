"""What AWS's errors mean for a verdict, by their codes."""

from __future__ import annotations

from http import HTTPStatus

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from readiness.engine.pacing import OutOfTime
from readiness.model.unreadable import NO_SUCH_OPERATION, Cause

_DENIED = {
    "403",
    "AuthFailure",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Forbidden",
    "ForbiddenException",
    "NotAuthorized",
    "NotAuthorizedException",
    "UnauthorizedException",
    "UnauthorizedOperation",
}
_THROTTLED = {
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "TooManyRequestsException",
    "TransactionInProgressException",
}
_TIMED_OUT = {"RequestTimeout", "RequestTimeoutException"}
CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


_UNREACHED = (ConnectionError, EndpointConnectionError, HTTPClientError, IncompleteReadError)

NO_CREDENTIALS = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)


class CredentialsRefused(Exception):
    """AWS does not accept the credentials: nothing can be read, so nothing is judged.

    Only STS in the partition's home region decides that. A refusal by another service may be
    about one region that is not enabled.
    """


class UnknownCall(Exception):
    """The SDK has no such service or call: it is older than the rules."""


class Postponed(Exception):
    """The rate limit leaves no time for a call in this leg of a sweep; the next leg makes it."""


def is_about_credentials(error: Exception) -> bool:
    """Whether the error says that the credentials are missing, expired or not accepted."""
    if isinstance(error, ClientError):
        return code_of(error) in CREDENTIALS
    return isinstance(error, (CredentialsRefused, *NO_CREDENTIALS))


def code_of(error: ClientError) -> str:
    """The AWS error code, for instance ``AccessDenied``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def name_of(error: Exception) -> str:
    """The AWS error code, or the error's type where AWS did not answer."""
    return code_of(error) if isinstance(error, ClientError) else type(error).__name__


def is_condition_failure(error: ClientError) -> bool:
    """Whether DynamoDB did not write because the condition did not hold."""
    return code_of(error) == "ConditionalCheckFailedException"


def cause_of(error: ClientError | BotoCoreError) -> Cause:
    """What an AWS error means for a verdict. Everything undocumented is UNEXPECTED_ANSWER."""
    if isinstance(error, _UNREACHED):
        return Cause.SERVICE_UNAVAILABLE
    if not isinstance(error, ClientError):
        return Cause.THROTTLED if isinstance(error, OutOfTime) else Cause.UNEXPECTED_ANSWER
    code = code_of(error)
    # Of an answer without a body, as to HEAD, the status is all there is.
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code.startswith("AccessDenied") or code in _DENIED:
        return Cause.ACCESS_DENIED
    if code.startswith("Throttl") or code in _THROTTLED or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Cause.THROTTLED
    has_failed = isinstance(status, int) and status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if has_failed or code in _TIMED_OUT or status == HTTPStatus.REQUEST_TIMEOUT:
        return Cause.SERVICE_UNAVAILABLE
    return Cause.UNKNOWN_THERE if code in NO_SUCH_OPERATION else Cause.UNEXPECTED_ANSWER
