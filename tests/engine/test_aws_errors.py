"""What AWS's errors mean: denied, throttled, unavailable, or something nobody documents."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    PaginationError,
    PartialCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from readiness.engine.aws_errors import (
    CredentialsRefused,
    Postponed,
    cause_of,
    code_of,
    is_about_credentials,
)
from readiness.engine.pacing import OutOfTime
from readiness.model.unreadable import Cause, Unreadable
from tests.fake_account import error

URL = {"endpoint_url": "https://x"}


def answered(**response):
    return ClientError(response, "Operation")


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        *(
            (error(code), Cause.ACCESS_DENIED)
            for code in (
                "AccessDenied",
                "AccessDeniedException",
                "AccessDeniedFault",
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
            )
        ),
        *(
            (error(code), Cause.THROTTLED)
            for code in (
                "Throttling",
                "ThrottlingException",
                "ThrottledException",
                "BandwidthLimitExceeded",
                "LimitExceededException",
                "PriorRequestNotComplete",
                "ProvisionedThroughputExceededException",
                "RequestLimitExceeded",
                "RequestThrottled",
                "RequestThrottledException",
                "SlowDown",
                "TooManyRequestsException",
                "TransactionInProgressException",
                "EC2ThrottledException",
            )
        ),
        *(
            (error(code), Cause.UNKNOWN_THERE)
            for code in ("InvalidAction", "UnknownOperation", "UnknownOperationException")
        ),
        (error("Unheard", 429), Cause.THROTTLED),
        (error("429", 429), Cause.THROTTLED),
        (error("Unheard", 408), Cause.SERVICE_UNAVAILABLE),
        (error("RequestTimeout", 400), Cause.SERVICE_UNAVAILABLE),
        (error("RequestTimeoutException", 408), Cause.SERVICE_UNAVAILABLE),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), Cause.SERVICE_UNAVAILABLE),
        (error("SlowDown", 503), Cause.THROTTLED),
        (error("AccessDenied", 500), Cause.ACCESS_DENIED),
        (error("InternalFailure", 500), Cause.SERVICE_UNAVAILABLE),
        (error("Unheard", 503), Cause.SERVICE_UNAVAILABLE),
        (error("Unheard", 499), Cause.UNEXPECTED_ANSWER),
        (error("NoSuchBucket", 404), Cause.UNEXPECTED_ANSWER),
        (error("NotAccessDenied"), Cause.UNEXPECTED_ANSWER),
        (answered(), Cause.UNEXPECTED_ANSWER),
        (answered(ResponseMetadata={"HTTPStatusCode": "500"}), Cause.UNEXPECTED_ANSWER),
        (answered(ResponseMetadata={}), Cause.UNEXPECTED_ANSWER),
        (answered(ResponseMetadata={"HTTPStatusCode": 502}), Cause.SERVICE_UNAVAILABLE),
        (EndpointConnectionError(**URL), Cause.SERVICE_UNAVAILABLE),
        (ReadTimeoutError(**URL), Cause.SERVICE_UNAVAILABLE),
        (ProxyConnectionError(proxy_url="x", error="y"), Cause.SERVICE_UNAVAILABLE),
        (PaginationError(message="x"), Cause.UNEXPECTED_ANSWER),
        (OutOfTime(name="x", seconds=1), Cause.THROTTLED),
    ],
    ids=lambda each: str(each)[:60],
)
def test_what_an_error_means(failure, cause):
    assert cause_of(failure) is cause


def test_what_the_sdk_itself_tries_again_is_passing():
    codes = {
        *ThrottledRetryableChecker._THROTTLED_ERROR_CODES,
        *TransientRetryableChecker._TRANSIENT_ERROR_CODES,
    }
    assert len(codes) > 14
    final = {each for each in codes if not Unreadable("x", cause_of(error(each))).is_passing}
    assert final == set()


def test_an_error_without_a_code_has_none():
    assert code_of(error("AccessDenied")) == "AccessDenied"
    assert code_of(answered()) == ""
    assert code_of(answered(Error={})) == ""
    assert code_of(answered(Error={"Code": 404})) == "404"


@pytest.mark.parametrize(
    "failure",
    [
        *(
            error(code, 403)
            for code in (
                "ExpiredToken",
                "ExpiredTokenException",
                "InvalidAccessKeyId",
                "InvalidClientTokenId",
                "RequestExpired",
                "SignatureDoesNotMatch",
                "UnrecognizedClientException",
            )
        ),
        CredentialRetrievalError(provider="x", error_msg="y"),
        NoCredentialsError(),
        PartialCredentialsError(provider="x", cred_var="y"),
        SSOTokenLoadError(error_msg="x"),
        UnauthorizedSSOTokenError(),
        TokenRetrievalError(provider="x", error_msg="y"),
        CredentialsRefused(),
    ],
    ids=lambda each: str(each)[:60],
)
def test_what_is_about_credentials(failure):
    assert is_about_credentials(failure)


@pytest.mark.parametrize(
    "failure",
    [error("AccessDenied", 403), EndpointConnectionError(**URL), Postponed(), ValueError()],
    ids=lambda each: type(each).__name__,
)
def test_what_is_not(failure):
    assert not is_about_credentials(failure)
