"""Whether a KMS key rotates, and how old its imported material is."""

from __future__ import annotations

from readiness.evidence.kms.keys import KmsImportedMaterial, KmsKeyState, KmsRotation
from readiness.model.text import plural
from readiness.model.verdict import Verdict, cannot_tell, complies, not_applicable, violates

YEARLY = 365
"""How often a key rotates, in days, where KMS knows no other period."""


def why_it_cannot_rotate(key: KmsKeyState) -> str:
    """Why automatic rotation does not apply to a key, as a sentence."""
    if key.manager != "CUSTOMER":
        return "The key is AWS managed: AWS rotates it every year."
    if key.spec != "SYMMETRIC_DEFAULT":
        return f"A key with the spec {key.spec} cannot rotate automatically."
    if key.origin != "AWS_KMS":
        return f"A key with key material of origin {key.origin} cannot rotate automatically."
    if key.multi_region == "REPLICA":
        return "The key is a replica; rotation is configured on its primary key."
    return f"The key is {key.state}; it is checked again once it is enabled."


def rotation_verdict(key: KmsKeyState, rotation: KmsRotation, most: int) -> Verdict:
    """The verdict on automatic rotation, of which a period has at most ``most`` days."""
    if not key.can_rotate:
        return not_applicable(why_it_cannot_rotate(key), state=key.state, spec=key.spec)
    if not rotation.enabled:
        return violates(
            "Automatic rotation is off.",
            expected=f"Automatic rotation every {most} days or fewer.",
            rotation=False,
        )
    if rotation.period_days > most:
        return violates(
            f"The key rotates every {rotation.period_days} days; at most {most} are allowed.",
            expected=f"Automatic rotation every {most} days or fewer.",
            period_days=rotation.period_days,
        )
    if not rotation.period_days and most < YEARLY:
        return cannot_tell(
            "Automatic rotation is on, but KMS does not say how often the key rotates.",
            missing=("kms:GetKeyRotationStatus",),
        )
    every = (
        f"every {rotation.period_days} days" if rotation.period_days else "yearly (the default)"
    )
    return complies(f"Automatic rotation is on, {every}.", period_days=rotation.period_days)


def imported_material_verdict(
    key: KmsKeyState, material: KmsImportedMaterial, most: int
) -> Verdict:
    """The verdict on the age of imported key material, which is at most ``most`` days."""
    if not key.is_imported:
        return not_applicable("The key has no imported key material in use that KMS could rotate.")
    if material.since is None:
        return cannot_tell(
            "KMS does not show since when the imported key material has been in use."
        )
    said = f"The imported key material has been in use since {material.since}"
    if material.age_days > most:
        allowed = plural(most, "day")
        return violates(
            f"{said} ({plural(material.age_days, 'day')}); at most {allowed} are allowed.",
            expected=f"On-demand rotation every {most} days or fewer.",
            age_days=material.age_days,
        )
    return complies(f"{said}.", age_days=material.age_days)
