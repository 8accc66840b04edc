"""botocore without the work that it does again for each client and each request.

Each function here gives what the library's own gives. What is left out is only the repetition:
the same event names, models, methods and endpoint rules are worked out anew for every client.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import botocore.client
import botocore.hooks
import botocore.httpsession
import botocore.regions
import botocore.session
import botocore.useragent


@functools.cache
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
    _clients_share()


def _clients_share() -> None:
    """Let clients of one service share its model, its methods and its endpoint rules.

    Sessions keep the models that they load, so that the same object is the same model.
    """
    botocore.client.ServiceModel = _once_for_each(  # type: ignore[misc,assignment]
        botocore.client.ServiceModel, lambda model, service_name=None: (model, service_name)
    )
    botocore.regions.EndpointProvider = _once_for_each(
        botocore.regions.EndpointProvider,
        lambda ruleset_data, partition_data, excluded_params=None: (ruleset_data, partition_data),
    )
    botocore.httpsession.create_urllib3_context = functools.cache(
        botocore.httpsession.create_urllib3_context
    )
    creator = botocore.client.ClientCreator
    methods = _once_for_each(creator._create_methods, lambda _, model: (model,))
    names = _once_for_each(creator._create_name_mapping, lambda _, model: (model,))
    creator._create_methods = lambda self, model: dict(methods(self, model))
    creator._create_name_mapping = names
    botocore.hooks._PrefixTrie._recursive_copy = _copy_of_handlers


def _copy_of_handlers(trie: Any, node: dict[str, Any]) -> dict[str, Any]:
    copied = dict(node)
    for key, value in node.items():
        if isinstance(value, dict):
            copied[key] = _copy_of_handlers(trie, value)
        elif isinstance(value, botocore.hooks.NodeList):
            copied[key] = botocore.hooks.NodeList(*map(list, value))
    return copied


def _once_for_each(make: Callable[..., Any], given: Callable[..., tuple[Any, ...]]) -> Any:
    """A function that remembers what it made of the very same objects, the last 256 of them."""
    made: dict[tuple[int, ...], tuple[tuple[Any, ...], Any]] = {}

    def once(*args: Any, **kwargs: Any) -> Any:
        same = given(*args, **kwargs)
        key = tuple(map(id, same))
        if key not in made:
            while len(made) > 256:
                made.pop(next(iter(made)), None)
            made[key] = same, make(*args, **kwargs)
        return made[key][1]

    return once


@functools.cache
def models_once() -> None:
    """Let the sessions of this project share the models that they have read."""
    from readiness.engine import session

    session._Loader = functools.cache(session._Loader)  # type: ignore[misc,assignment]
