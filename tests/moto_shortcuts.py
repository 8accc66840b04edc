"""moto without the work that it does again for each request, each client and each test.

Each function here gives what the library's own gives. What is left out is only what comes out the
same every time: which method answers a URL, a signature that nobody checks, the regions of a
service, a copy of all rows of a table for a transaction that touches two.
"""

from __future__ import annotations

import copy
import functools
import importlib
import json
import re
import string
import sys
import threading
from collections import defaultdict
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import botocore.auth
import botocore.useragent
import yaml
from botocore.context import get_context


def once() -> None:
    """Replace what repeats itself, in this process, for as long as it lives."""
    _methods_once()
    _routes_once()
    _signatures_left_out()
    _user_agent_once()
    _regions_once()
    _mocks_once()
    _names_once()
    _expressions_once()
    _values_as_they_are()
    _requests_alike()
    _transactions_copy_their_rows()


def _methods_once() -> None:
    """Find a service's backend and its methods once, and take JSON for no query string."""
    from moto import backends
    from moto.core import DEFAULT_ACCOUNT_ID, responses
    from moto.iam import models as iam

    backends.get_backend = functools.cache(backends.get_backend)  # type: ignore[assignment]
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
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


def _routes_once() -> None:
    """Look up the method that answers a URL once, not among all patterns of all services."""
    from moto import backends
    from moto.core import DEFAULT_ACCOUNT_ID, botocore_stubber, config
    from moto.core.base_backend import BackendDict
    from moto.core.exceptions import HTTPException
    from moto.core.request import normalize_request

    stubber = botocore_stubber.BotocoreStubber
    plain = stubber.process_request
    plainly = {**config.default_user_config["core"]}

    @functools.lru_cache(maxsize=4096)
    def route(url: str) -> Any:
        parsed, _ = botocore_stubber.get_equivalent_url_in_aws_domain(url)
        clean = f"{parsed.scheme}://{parsed.netloc}{parsed.path}"
        for service, pattern in botocore_stubber.backend_index.backend_url_patterns:
            if pattern.match(clean):
                found = backends.get_backend(service)
                of_account = isinstance(found, BackendDict)
                regions = found[DEFAULT_ACCOUNT_ID] if of_account else found
                names = ("us-east-1", "aws") if of_account else ("global",)
                backend = next(regions[name] for name in names if name in regions)
                for each, method in backend.urls.items():
                    if re.match(each, clean):
                        return method
        return None

    def process_request(self: Any, request: Any) -> Any:
        if config.default_user_config["core"] != plainly:
            return plain(self, request)
        method = route(request.url.partition("?")[0])
        if method is None:
            return plain(self, request)
        normal = normalize_request(request)
        try:
            return method(normal, normal.raw_url, normal.headers)
        except HTTPException as error:
            return error.code, error.get_headers(), error.get_body()

    stubber.process_request = process_request


def _signatures_left_out() -> None:
    """Name the key, the region and the service, which moto reads, and sign nothing."""
    from moto.core.models import botocore_stubber

    for cls in (botocore.auth.SigV4Auth, botocore.auth.S3SigV4Auth):
        _unsigned(cls, cls.add_auth, botocore_stubber)


def _unsigned(cls: Any, signed: Any, stubber: Any) -> None:
    def add_auth(auth: Any, request: Any) -> None:
        if not stubber.enabled or type(auth) is not cls or auth.credentials is None:
            signed(auth, request)
            return
        now = botocore.auth.get_current_datetime().strftime(botocore.auth.SIGV4_TIMESTAMP)
        request.context["timestamp"] = now
        auth._modify_request_before_signing(request)
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, SignedHeaders=host, Signature=0"
        )

    cls.add_auth = add_auth


def _user_agent_once() -> None:
    """Put a client's User-Agent together once for each set of features that it names."""
    told = botocore.useragent.UserAgentString.to_string

    def to_string(agent: Any) -> str:
        context = get_context()
        key = (
            frozenset(context.features) if context else None,
            id(agent._client_config),
            agent._session_user_agent_extra,
        )
        known = agent.__dict__.setdefault("_told", {})
        if key not in known:
            known[key] = told(agent)
        return known[key]

    botocore.useragent.UserAgentString.to_string = to_string


def _regions_once() -> None:
    """List the regions of a service once, not for each account of each test."""
    from moto.core.base_backend import AccountSpecificBackend

    listed = AccountSpecificBackend._generate_regions.__wrapped__

    @functools.cache
    def regions(service: str) -> tuple[str, ...]:
        return tuple(listed(AccountSpecificBackend.__new__(AccountSpecificBackend), service))

    AccountSpecificBackend._generate_regions = lambda _, service: list(regions(service))


def _mocks_once() -> None:
    """Prepare the answers to the `requests` library, for each method and service, once."""
    from moto.core.models import MockAWS, botocore_stubber, responses_mock

    enable = MockAWS._enable_patching
    prepared: dict[str, list[Any]] = {}

    def _enable_patching(self: Any, reset: bool = True) -> None:
        if not prepared:
            enable(self, reset)
            prepared.update(responses_mock._registry._registered)
            return
        botocore_stubber.enabled = True
        if reset:
            self.reset()
        responses_mock.start()
        for method, answers in prepared.items():
            responses_mock._registry._registered[method] = list(answers)

    MockAWS._enable_patching = _enable_patching  # type: ignore[method-assign]


def _names_once() -> None:
    """Respell a name once, and draw the letters of a request's id together."""
    from moto.core import utils
    from moto.moto_api._internal.moto_random import MotoRandom

    respelt = utils.camelcase_to_underscores
    known = functools.cache(respelt)
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get("camelcase_to_underscores") is respelt:
            module.camelcase_to_underscores = known  # type: ignore[attr-defined]

    def get_random_string(
        self: Any, length: int = 20, include_digits: bool = True, lower_case: bool = False
    ) -> str:
        pool = string.ascii_letters + (string.digits if include_digits else "")
        drawn = "".join(self.choices(pool, k=length))
        return drawn.lower() if lower_case else drawn

    MotoRandom.get_random_string = get_random_string  # type: ignore[method-assign]


def _expressions_once() -> None:
    """List the kinds of node that a step looks for once, not at each node of an expression."""
    from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node

    def visit(step: Any, node: Any, kinds: tuple[type, ...], place: int) -> Any:
        if not isinstance(node, Node):
            return node
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            step.pre_processing_of_child(node, number)
            visit(step, child, kinds, number)
        if isinstance(node, kinds):
            node = step.process(node)
            node.parent = parent
            if parent:
                parent.children[place] = node
        return node

    DepthFirstTraverser.traverse = lambda self, node: visit(
        self, node, self.nodes_to_be_processed(), -1
    )


def _values_as_they_are() -> None:
    """Answer a text or number of DynamoDB as it is, without a look for each type there is."""
    from moto.core.serialize import BaseJSONSerializer

    structure = BaseJSONSerializer._serialize_type_structure

    def _serialize_type_structure(
        self: Any, serialized: Any, value: Any, shape: Any, key: str
    ) -> None:
        if key and shape.name == "AttributeValue" and type(value) is dict and len(value) == 1:
            ((kind, held),) = value.items()
            if kind in {"S", "N"} and type(held) is str:
                self._default_serialize(serialized, {kind: held}, shape, key)
                return
        structure(self, serialized, value, shape, key)

    BaseJSONSerializer._serialize_type_structure = _serialize_type_structure  # type: ignore[method-assign]


def _requests_alike() -> None:
    """Take what all requests to the root of one host have in common from the first of them."""
    from moto.core.request import Request

    plain = Request.from_primitives.__func__
    known: dict[str, dict[str, Any]] = {}

    def from_primitives(cls: Any, method: str, url: str, headers: Any, body: Any = None) -> Any:
        text = body.encode() if isinstance(body, str) else body
        names = {key.lower() for key in headers}
        alike = (
            method == "POST"
            and url.count("/") == 3
            and url.endswith("/")
            and type(text) is bytes
            and text
            and len(names) == len(headers)
            and not names & {"host", "transfer-encoding"}
        )
        if not alike:
            return plain(cls, method, url, headers, body)
        if url not in known:
            known[url] = plain(cls, method, url, {}, b"x").environ
        environ = {
            **known[url],
            "CONTENT_LENGTH": str(len(text)),
            "wsgi.input": BytesIO(text),
            "wsgi.errors": sys.stderr,
        }
        for key, value in headers.items():
            name = key.upper().replace("-", "_")
            if name != "CONTENT_LENGTH":
                name = name if name == "CONTENT_TYPE" else f"HTTP_{name}"
                environ[name] = value.decode() if isinstance(value, bytes) else value
        return cls(environ)

    Request.from_primitives = classmethod(from_primitives)  # type: ignore[method-assign]


def _transactions_copy_their_rows() -> None:
    """Let a transaction keep what its own rows were, not a copy of everything in its tables."""
    from moto.dynamodb import models
    from moto.dynamodb.models.dynamo_type import DynamoType

    transact = models.DynamoDBBackend.transact_write_items
    touched = threading.local()

    def deepcopy(value: Any, memo: Any = None) -> Any:
        if not isinstance(value, models.Table) or value.stream_shard or not value.range_key_attr:
            return copy.deepcopy(value, memo)
        before = copy.copy(value)
        before.items = defaultdict(dict, {hash: dict(each) for hash, each in value.items.items()})
        for table, key in getattr(touched, "rows", ()):
            if table == value.name:
                hash, range = (DynamoType(key[each["AttributeName"]]) for each in value.schema)
                if range in value.items.get(hash, {}):
                    value.items[hash][range] = copy.deepcopy(value.items[hash][range])
        return before

    def transact_write_items(backend: Any, transact_items: list[dict[str, Any]]) -> None:
        asked = [next(iter(each.values())) for each in transact_items]
        touched.rows = [(each["TableName"], each.get("Key") or each["Item"]) for each in asked]
        try:
            transact(backend, transact_items)
        finally:
            touched.rows = ()

    models.copy = SimpleNamespace(deepcopy=deepcopy, copy=copy.copy)  # type: ignore[attr-defined]
    models.DynamoDBBackend.transact_write_items = transact_write_items  # type: ignore[method-assign]


@functools.cache
def templates_as_json() -> None:
    """Read a template that is JSON as JSON, which YAML in Python takes a hundred times as long for."""
    from moto.cloudformation import models

    def load(text: str, Loader: Any) -> Any:  # noqa: N803
        return json.loads(text) if text[:1] == "{" else yaml.load(text, Loader=Loader)

    models.yaml = SimpleNamespace(**{**vars(yaml), "load": load})
    responses = importlib.import_module("moto.cloudformation.responses")
    responses.yaml = models.yaml  # type: ignore[attr-defined]
