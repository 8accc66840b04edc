"""What EC2 says of images and snapshots that everyone may use."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

UNBLOCKED, ALL_BLOCKED = "unblocked", "block-all-sharing"


@evidence(
    REGION,
    reads=(
        "ec2:DescribeImages",
        "ec2:DescribeSnapshots",
        "ec2:GetImageBlockPublicAccessState",
        "ec2:GetSnapshotBlockPublicAccessState",
    ),
    changed_by=(
        api_call(
            "ec2",
            "DeregisterImage",
            "DisableImage",
            "DisableImageBlockPublicAccess",
            "DisableSnapshotBlockPublicAccess",
            "EnableImageBlockPublicAccess",
            "EnableSnapshotBlockPublicAccess",
            "ModifyImageAttribute",
            "ModifySnapshotAttribute",
            "ResetImageAttribute",
            "ResetSnapshotAttribute",
            "RestoreImageFromRecycleBin",
            "RestoreSnapshotFromRecycleBin",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class PublicSharing:
    """The account's AMIs and EBS snapshots that are public, and whether new ones can be.

    ``images_state`` is ``unblocked`` or ``block-new-sharing``, ``snapshots_state`` also
    ``block-all-sharing``, which hides the snapshots that are public already. Sources:
    DescribeImages, DescribeSnapshots, GetImageBlockPublicAccessState,
    GetSnapshotBlockPublicAccessState.
    """

    images_state: str
    snapshots_state: str
    images: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> PublicSharing:
        of_images = read.one("ec2", "get_image_block_public_access_state")
        of_snapshots = read.one("ec2", "get_snapshot_block_public_access_state")
        images = read.every(
            "ec2",
            "describe_images",
            "Images",
            Owners=["self"],
            Filters=[{"Name": "is-public", "Values": ["true"]}],
        )
        snapshots = read.every(
            "ec2",
            "describe_snapshots",
            "Snapshots",
            OwnerIds=["self"],
            RestorableByUserIds=["all"],
        )
        return cls(
            of_images.get("ImageBlockPublicAccessState", ""),
            of_snapshots.get("State", ""),
            tuple(sorted(each["ImageId"] for each in images)),
            tuple(sorted(each["SnapshotId"] for each in snapshots)),
        )
