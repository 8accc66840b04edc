"""Functions that AWS services or deployment tools make, as their names tell."""

from __future__ import annotations

import re
from collections.abc import Mapping

_MAKERS: Mapping[str, str] = {
    "cwsyn-": "CloudWatch Synthetics made the function for a canary and runs it: alarms belong on"
    " the canary.",
    "aws-controltower-": "AWS Control Tower made the function, and lets no one change it.",
}
"""How their names begin (Synthetics API Reference, DeleteCanary; Control Tower's mandatory control
"Disallow changes to AWS Lambda functions set up by AWS Control Tower")."""

_OF_CDK = re.compile(
    r".+-(AWS679f53fac002430cb0da5|BucketNotificationsHandl|CustomAWSCDKCfnUtilsProv"
    r"|CustomAWSCDKOpenIdConnec|CustomCDKBucketDeploymen|CustomCrossRegionExport"
    r"|CustomECRAutoDeleteImage|CustomS3AutoDeleteObject|CustomVpcRestrictDefault"
    r"|LogRetentionaae0aa3c5b4d)[0-9A-Za-z]*-[0-9A-Za-z]+"
)
"""Functions that CDK adds to a stack for its own resources: the stack's name, what CDK calls the
function, and what CloudFormation adds. Long names are cut after 24 characters of CDK's."""
_BY_CDK = (
    "CDK made the function for its own resources. CloudFormation invokes it in a deployment, and"
    " shows what fails there."
)


def made_by_aws(name: str) -> str:
    """Which AWS service made and runs a function, in a sentence; empty for any other.

    CDK's own functions count too: CloudFormation invokes them.
    """
    for prefix, said in _MAKERS.items():
        if name.startswith(prefix):
            return said
    return _BY_CDK if _OF_CDK.fullmatch(name) else ""


_OF_A_STACK = re.compile(
    r"custom[-_]?resource|framework(?:onEvent|isComplete|onTimeout)", re.IGNORECASE
)
"""Custom resources by that name, as those of the Serverless Framework, and CDK's providers."""


def runs_with_its_stack(name: str) -> bool:
    """Whether only the deployment of a CloudFormation stack runs a function of the user's own."""
    return _OF_A_STACK.search(name) is not None
