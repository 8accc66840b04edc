"""moto without the work that it does again for each request, each client and each test.

Each function here gives what the library's own gives. What is left out is only what comes out the
same every time: which method answers a URL, a signature that nobody checks, the regions of a service.
"""

from __future__ import annotations

import functools
import importlib
import json
import re
import string
import sys
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlparse

import botocore.auth
import botocore.useragent
import yaml
from botocore.context import get_context
from werkzeug.datastructures import ImmutableMultiDict

from tests import dynamodb_shortcuts


@functools.cache
def once() -> None:
    """Replace what repeats itself, in this process, for as long as it lives."""
    _methods_once()
    _routes_once()
    _signatures_left_out()
    _user_agent_once()
    _regions_once()
    _mocks_once()
    _names_once()
    _requests_alike()
    _json_is_no_form()
    _backends_at_hand()
    _private_keys_once()
    dynamodb_shortcuts.once()


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

    @functools.wraps(plain)
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


def _requests_alike() -> None:
    """Take what all requests to the root of one host have in common from the first of them."""
    from moto.core.request import Request

    plain = Request.from_primitives.__func__
    known: dict[str, dict[str, Any]] = {}

    @functools.wraps(plain)
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


def _json_is_no_form() -> None:
    """Read a request in JSON without a look for a form, files and a query string in it."""
    from moto.core import responses
    from moto.iam import models as iam

    response = responses.BaseResponse
    setup, key_of, region_of = (
        response.setup_class,
        response.get_access_key,
        response.get_region_from_url,
    )
    nothing: Any = ImmutableMultiDict()

    @functools.lru_cache(maxsize=1024)
    def key_in(authorization: str) -> str | None:
        match = response.access_key_regex.search(authorization)
        return match.group(1) if match else None

    def get_access_key(self: Any) -> str:
        authorization = self.headers.get("Authorization")
        return (key_in(authorization) if authorization else None) or key_of(self)

    def get_region_from_url(self: Any, request: Any, full_url: str) -> str:
        match = self.region_regex.search(full_url)
        return match.group(1) if match else region_of(self, request, full_url)

    @functools.wraps(setup)
    def setup_class(
        self: Any,
        request: Any,
        full_url: str | None = None,
        headers: Any = None,
        use_raw_body: bool | None = None,
    ) -> None:
        url = request.raw_url if full_url is None else full_url
        given = request.environ
        is_json = (
            given.get("CONTENT_TYPE", "").startswith("application/x-amz-json")
            and given["REQUEST_METHOD"] == "POST"
            and given["wsgi.input"].__class__ is BytesIO
            and not {"HTTP_CONTENT_ENCODING", "HTTP_X_MOTO_ACCOUNT_ID"} & given.keys()
            and "?" not in url
            and not (use_raw_body or self.use_raw_body or request.from_wsgi_server)
        )
        raw = request.get_data() if is_json else b""
        if raw[:1] != b"{":
            setup(self, request, full_url, headers, use_raw_body)
            return
        vars(request).update(form=nothing, files=nothing, stream=BytesIO())
        self.is_werkzeug_request = False
        self.normalized_request = request
        self.parsed_url = urlparse(url)
        self.form_data = nothing
        self.raw_body, self.body = raw, raw.decode("utf-8")
        self.uri, self.path, self.raw_path = url, self.parsed_url.path, request.raw_path
        self.querystring = self.data = {self.body: [""]}
        self.method = request.method
        self.region = self.get_region_from_url(request, url)
        self.partition = responses.get_partition(self.region)
        self.uri_match = {}
        self.headers = request.headers
        self.response_headers = {
            "server": "amazon.com",
            "date": responses.http_date(responses.utcnow()),
        }
        if self.automated_parameter_parsing and self._get_action():
            self.parse_parameters(request)
        self.access_key = self.get_access_key()
        self.current_account = self.get_current_account()
        iam.mark_account_as_visited(
            account_id=self.current_account,
            access_key=self.access_key,
            service=self.service_name,
            region=self.region,
        )

    response.get_access_key = get_access_key  # type: ignore[method-assign]
    response.get_region_from_url = get_region_from_url  # type: ignore[method-assign]
    response.setup_class = setup_class  # type: ignore[method-assign]


def _backends_at_hand() -> None:
    """Find an account's backend without a search, and make none anew that is then dropped.

    A backend of EC2 makes hundreds of images when it is reset.
    """
    from moto.core.base_backend import BackendDict, BaseBackend, backend_lock

    made = BackendDict.__getitem__

    def __getitem__(self: Any, account_id: str) -> Any:  # noqa: N807
        found = dict.get(self, account_id)
        return made(self, account_id) if found is None else found

    @functools.wraps(BackendDict.reset.__func__)  # type: ignore[attr-defined]
    def reset(cls: Any) -> None:
        with backend_lock:
            for of_service in cls._instances:
                for of_account in of_service.values():
                    for backend in of_account.values():
                        if type(backend).reset is not BaseBackend.reset:
                            backend.reset()
                of_service.clear()
            cls._instances.clear()

    BackendDict.__getitem__ = __getitem__  # type: ignore[method-assign]
    BackendDict.reset = classmethod(reset)  # type: ignore[method-assign,assignment]


def _private_keys_once() -> None:
    """Draw the private key of each kind of KMS key once: no test asks for two that differ."""
    from moto.kms import models

    models.generate_private_key = functools.cache(models.generate_private_key)


@functools.cache
def templates_as_json() -> None:
    """Read a template that is JSON as JSON, which YAML in Python takes a hundred times as long for."""
    from moto.cloudformation import models

    def load(text: str, Loader: Any) -> Any:  # noqa: N803
        return json.loads(text) if text[:1] == "{" else yaml.load(text, Loader=Loader)

    models.yaml = SimpleNamespace(**{**vars(yaml), "load": load})
    responses = importlib.import_module("moto.cloudformation.responses")
    responses.yaml = models.yaml  # type: ignore[attr-defined]
