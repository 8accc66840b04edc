"""botocore and moto without the work that they do again for each client and each request.

Each function here gives what the library's own gives. What is left out is only the repetition:
the same event names, URLs and class members are worked out anew for every call, which together
was a tenth of the time that the tests take.
"""

from __future__ import annotations

import functools
from typing import Any

import botocore.hooks
import botocore.session
import botocore.useragent


def botocore_once() -> None:
    """Read the service models, and translate each event name, once for a process."""
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)

    plain = botocore.hooks.EventAliaser(None)
    aliased = functools.cache(plain._alias_event_name)

    def alias(aliaser: Any, name: str) -> str:
        return aliased(name)

    botocore.hooks.EventAliaser._alias_event_name = alias
    botocore.useragent.sanitize_user_agent_string_component = functools.cache(
        botocore.useragent.sanitize_user_agent_string_component
    )


def models_once() -> None:
    """Let the sessions of this project share the models that they have read."""
    from readiness.engine import session

    session._Loader = functools.cache(session._Loader)  # type: ignore[misc,assignment]


def moto_once() -> None:
    """Find a service's backend and its methods once, and take JSON for no query string."""
    from moto import backends
    from moto.core import DEFAULT_ACCOUNT_ID, responses
    from moto.iam import models as iam

    backends.get_backend = functools.cache(backends.get_backend)  # type: ignore[assignment]
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    responses.camelcase_to_underscores = functools.cache(responses.camelcase_to_underscores)
    parse = responses.parse_qsl

    def parse_qsl(text: Any, *more: Any, **options: Any) -> list[tuple[str, str]]:
        if text[:1] == "{":
            return [(text, "")]
        return parse(text, *more, **options)

    responses.parse_qsl = parse_qsl
    account_of = iam.get_account_id_from

    def get_account_id_from(access_key: str) -> str:
        if iam.iam_backends.keys() <= {DEFAULT_ACCOUNT_ID}:
            return DEFAULT_ACCOUNT_ID
        return account_of(access_key)

    iam.get_account_id_from = get_account_id_from
