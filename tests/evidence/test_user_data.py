"""What the loader makes of launch templates, and what user data says."""

from __future__ import annotations

import base64
import gzip

import pytest

from readiness.evidence.autoscaling.groups import GROUP
from readiness.evidence.user_data import GroupUserData, UserData
from readiness.model.unreadable import Gone
from readiness.semantics.user_data import user_data_text
from tests.accounts.secrets_management import TEMPLATE, configuration, group, version
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation

VERSIONS = [version("one", 1), version("two", 2), version("three", 3)]
OTHER = {"LaunchTemplateId": "lt-0fedcba9876543210", "LaunchTemplateName": "gpu"}


def versions(**asked):
    """EC2's answer: of one template those asked for, of all templates only two of each."""
    template = asked.get("LaunchTemplateId") or asked.get("LaunchTemplateName")
    everything = [*VERSIONS, version("gpu", 1, **OTHER)]
    if template is not None:
        own = [
            v for v in everything if template in {v["LaunchTemplateId"], v["LaunchTemplateName"]}
        ]
        if not own:
            return error("InvalidLaunchTemplateId.NotFound")
        names = {str(v["VersionNumber"]): v for v in own}
        names |= {"$Latest": own[-1], "$Default": own[0]}
        return {"LaunchTemplateVersions": [names[each] for each in asked["Versions"]]}
    return {"LaunchTemplateVersions": [VERSIONS[0], VERSIONS[-1], version("gpu", 1, **OTHER)]}


def account(*groups):
    def described(**asked):
        names = asked.get("AutoScalingGroupNames")
        shown = [g for g in groups if names is None or g["AutoScalingGroupName"] in names]
        return {"AutoScalingGroups": shown}

    return FakeAccount(
        {
            ("autoscaling", "describe_auto_scaling_groups"): described,
            ("autoscaling", "describe_launch_configurations"): {
                "LaunchConfigurations": [configuration("old")]
            },
            ("ec2", "describe_launch_template_versions"): versions,
        }
    )


def by_template(**specification):
    return group(LaunchTemplate={"LaunchTemplateId": TEMPLATE, **specification})


def without_template(**changes):
    about = group(**changes)
    del about["LaunchTemplate"]
    return about


def mixed(*overrides):
    specification = {"LaunchTemplateId": TEMPLATE, "Version": "2"}
    return without_template(
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": specification,
                "Overrides": [{"InstanceType": "t3.small"}, *overrides],
            }
        }
    )


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
@pytest.mark.parametrize(
    ("launched", "scripts"),
    [
        pytest.param(by_template(), [("hosts $Default", "one")], id="no version: the default"),
        pytest.param(by_template(Version="$Default"), [("hosts $Default", "one")], id="default"),
        pytest.param(by_template(Version="$Latest"), [("hosts $Latest", "three")], id="latest"),
        pytest.param(by_template(Version="2"), [("hosts 2", "two")], id="a number"),
        pytest.param(
            group(LaunchTemplate={"LaunchTemplateName": "hosts", "Version": "3"}),
            [("hosts 3", "three")],
            id="by name",
        ),
        pytest.param(mixed(), [("hosts 2", "two")], id="a policy"),
        pytest.param(
            mixed({"LaunchTemplateSpecification": OTHER | {"Version": "$Latest"}}),
            [("hosts 2", "two"), ("gpu $Latest", "gpu")],
            id="an override with its own template",
        ),
        pytest.param(
            without_template(LaunchConfigurationName="old-hosts"),
            [("old-hosts", "old")],
            id="a launch configuration",
        ),
        pytest.param(
            group(LaunchTemplate={"LaunchTemplateId": "lt-00000000000000000"}),
            [],
            id="a template that is gone",
        ),
    ],
)
def test_what_a_group_launches_from(launched, scripts, bulk):
    aws = evaluation(account(launched), [], bulk=bulk).aws
    seen = aws.evidence(GroupUserData, GROUP.resource(ACCOUNT_ID, HOME, "hosts")).evidence
    assert seen == GroupUserData("hosts", tuple(UserData(*each) for each in scripts))


def test_a_listing_answers_for_every_group():
    groups = [by_template() | {"AutoScalingGroupName": f"g{number}"} for number in range(9)]
    everything = account(*groups)
    aws = evaluation(everything, [], bulk=True).aws
    for id in aws.find(GROUP):
        aws.evidence(GroupUserData, GROUP.resource(ACCOUNT_ID, HOME, id))
    assert everything.calls.count(("ec2", "describe_launch_template_versions")) == 1
    assert ("autoscaling", "describe_launch_configurations") not in everything.calls


def test_a_group_that_is_gone():
    with pytest.raises(Gone):
        evaluation(account(), []).aws.evidence(
            GroupUserData, GROUP.resource(ACCOUNT_ID, HOME, "hosts")
        )


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        pytest.param(base64.b64encode(b"echo a"), "echo a", id="text"),
        pytest.param(base64.encodebytes(b"echo a" * 20), "echo a" * 20, id="in lines"),
        pytest.param(base64.b64encode(gzip.compress(b"echo a")), "echo a", id="compressed"),
        pytest.param(b"!", None, id="no base64"),
        pytest.param(base64.b64encode(b"\xff\xfe\x00"), None, id="no text"),
        pytest.param(base64.b64encode(b"\x1f\x8b\x00"), None, id="badly compressed"),
        pytest.param(b"", "", id="empty"),
    ],
)
def test_user_data_in_base64(encoded, text):
    assert user_data_text(encoded.decode()) == text
