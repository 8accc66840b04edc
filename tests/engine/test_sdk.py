"""An SDK older than the rules costs the evidence it cannot ask for, and says which that is."""

from __future__ import annotations

import tomllib

import botocore
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import create_loader

from readiness.engine import sdk
from readiness.engine.aws import Aws
from readiness.engine.reader import DeclaredReader
from readiness.model.unreadable import Cause, Unreadable
from readiness_cli.catalogue import ROOT, headings
from tests.fake_account import ACCOUNT_ID, HOME, Clock

ENCRYPTION = next(each for each in headings() if each.folder == "encryption")


class Older:
    """The models of an SDK that lacks calls, or a whole service."""

    def __init__(self, **without):
        self._loader = create_loader()
        self._without = without

    def load_service_model(self, service, kind):
        if self._without.get(service) == "everything":
            raise UnknownServiceError(service_name=service, known_service_names="")
        model = self._loader.load_service_model(service, kind)
        left_out = self._without.get(service, ())
        kept = {n: o for n, o in model["operations"].items() if n not in left_out}
        return {**model, "operations": kept}


def test_the_sdk_of_the_tests_reads_all_of_it():
    assert sdk.blind(ENCRYPTION, create_loader()) == []
    assert not sdk.is_too_old()


def test_a_call_that_is_missing_names_the_evidence_and_its_rules():
    found = sdk.blind(ENCRYPTION, Older(kms=("DescribeKey",)))
    assert found
    assert all(each.actions == ("kms:DescribeKey",) for each in found)
    [state] = [each for each in found if each.evidence == "KmsKeyState"]
    assert "encryption.s3-kms" in state.rules


@pytest.mark.parametrize("without", ["everything", ("GetBucketEncryption",)])
def test_a_service_that_is_missing_is_the_same(without):
    found = sdk.blind(ENCRYPTION, Older(s3=without))
    lacking = {action for each in found for action in each.actions}
    assert "s3:GetEncryptionConfiguration" in lacking


@pytest.mark.parametrize("shape", [{"LogGroup": {"type": "structure", "members": {}}}, {}])
def test_a_field_that_is_missing_is_told_too(shape):
    """The call works, and the field reads as not set."""

    class Shorter(Older):
        def load_service_model(self, service, kind):
            model = super().load_service_model(service, kind)
            others = {name: each for name, each in model["shapes"].items() if name != "LogGroup"}
            return {**model, "shapes": {**others, **shape}}

    cloudwatch = next(each for each in headings() if each.folder == "cloudwatch")
    lacking = {action for each in sdk.blind(cloudwatch, Shorter()) for action in each.actions}
    assert lacking == {"logs:DescribeLogGroups"}


class Bare:
    """A session of an SDK that does not know a call, or not even its service."""

    def __init__(self, knows_service):
        self._knows_service = knows_service

    def client(self, service, **_):
        if not self._knows_service:
            raise UnknownServiceError(service_name=service, known_service_names="")
        return object()


@pytest.mark.parametrize("knows_service", [True, False])
@pytest.mark.parametrize("way", ["one", "every"])
def test_what_cannot_be_asked_is_unreadable_and_no_mistake_of_a_rule(knows_service, way):
    aws = Aws(Bare(knows_service), account=ACCOUNT_ID, region=HOME, now=Clock())
    read = DeclaredReader(aws, frozenset({"xray:GetIndexingRules"}), "the test")
    more = ("IndexingRules",) if way == "every" else ()
    with pytest.raises(Unreadable) as caught:
        getattr(read, way)("xray", "get_indexing_rules", *more)
    assert caught.value.cause is Cause.SDK_TOO_OLD
    assert botocore.__version__ in str(caught.value)


def test_the_oldest_sdk_is_the_one_of_the_lock_and_of_the_package():
    locked = (ROOT / "requirements/oldest.txt").read_text()
    assert f"botocore=={'.'.join(map(str, sdk.OLDEST))} " in locked
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"boto3>={'.'.join(map(str, sdk.OLDEST))}" in project["dependencies"]
