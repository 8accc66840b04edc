"""Examples for the end of every `--help`; a test parses each as a person would type it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WIDEST = 70
ID = "42cd874173b7"
EXAMPLES: dict[str, tuple[str, ...]] = {
    "": (
        "readiness scan --severity HIGH",
        "readiness status --workload MAIF --fail-on HIGH",
        f"readiness explain {ID}",
    ),
    "demo": ("readiness demo", "readiness demo --keep"),
    "scan": (
        "readiness scan",
        "readiness scan --heading encryption --resource my-bucket -o json",
        "readiness scan --workload MAIF --severity HIGH --exclude-heading xray",
        "readiness scan --rule s3-kms --set encryption.s3-kms.require_bucket_key=true",
        "readiness scan --tag Team=agents --status INSUFFICIENT_DATA",
    ),
    "evaluate": (
        "readiness evaluate s3-kms --resource my-bucket",
        "readiness evaluate encryption.kms-rotation --set max_rotation_period_days=90",
        "readiness evaluate iam_roles --no-stack -o json",
        "readiness evaluate s3-kms --resource my-bucket --trace case.json",
        "readiness evaluate s3-kms --from case.json",
    ),
    "replay": (
        "readiness replay events/api/put-bucket-encryption.json",
        "readiness replay --targets-only -",
    ),
    "status": (
        "readiness status",
        "readiness status --section Security --environment production",
        "readiness status --fail-on HIGH --allow-unknown xray",
    ),
    "report": (
        "readiness report --file readiness.html",
        "readiness report --workload MAIF -o md",
    ),
    "export": (
        "readiness export --format sarif --open --file readiness.sarif",
        "readiness export --format oscal --heading encryption",
    ),
    "quiet": (
        'readiness quiet --for 2h --reason "Release 42" --workload MAIF',
        "readiness quiet",
        "readiness quiet --end 01JD2Q7K3M",
    ),
    "findings": (
        "readiness findings --open --severity CRITICAL",
        "readiness findings --rule s3-kms -o csv",
        "readiness findings --workload MAIF --waived",
    ),
    "explain": (
        f"readiness explain {ID}",
        "readiness explain my-bucket s3-kms",
    ),
    "history": (f"readiness history {ID}", "readiness history my-bucket s3-kms -o json"),
    "rules": (
        "readiness rules encryption",
        "readiness rules s3-kms",
        "readiness rules --severity CRITICAL -o json",
        "readiness rules --off-by-default",
    ),
    "attest": ("readiness attest list", "readiness attest approve 01JD2Q7K3M"),
    "attest add": (
        (
            "readiness attest add emergency_procedures.lambda-rollback"
            ' --statement "Back within 4 minutes." --owner team@example.com'
            " --performed-at 2026-11-02"
        ),
    ),
    "attest approve": ("readiness attest approve 01JD2Q7K3M",),
    "attest revoke": ("readiness attest revoke 01JD2Q7K3M",),
    "attest list": ("readiness attest list", "readiness attest list pager-test -o csv"),
    "waive": (
        (
            "readiness waive s3-kms --resource my-bucket --until 2026-12-31"
            ' --owner team@example.com --reason "Moves in December." --dry-run'
        ),
        "readiness waive --approve 01JD2Q7K3M",
    ),
    "waivers": ("readiness waivers", "readiness waivers --all -o json"),
    "unwaive": ('readiness unwaive 01JD2Q7K3M --reason "Mended."',),
    "manifest": ("readiness manifest check maif.json --workload MAIF",),
    "manifest check": (
        "readiness manifest check maif.json --workload MAIF",
        "readiness manifest check - -o json",
    ),
    "pagerduty-key": ("readiness pagerduty-key", "readiness pagerduty-key --region eu-west-1"),
    "doctor": ("readiness doctor", "readiness doctor -o json"),
    "emergency": (
        "readiness emergency lambda-rollback my-function",
        "readiness emergency list",
    ),
    "emergency lambda-rollback": (
        "readiness emergency lambda-rollback my-function",
        (
            "readiness emergency lambda-rollback my-function --to 41 --apply TOKEN"
            ' --reason "5xx since 02:10"'
        ),
    ),
    "emergency ecs-rollback": ("readiness emergency ecs-rollback my-cluster/my-service",),
    "emergency breaker": (
        "readiness emergency breaker --table circuits --id payments --open-for 30",
    ),
    "emergency shutdown": (
        "readiness emergency shutdown --function my-function",
        "readiness emergency shutdown --service my-cluster/my-service",
    ),
    "emergency restore": ("readiness emergency restore 01JD2Q7K3M",),
    "emergency keep": ("readiness emergency keep 01JD2Q7K3M",),
    "emergency list": ("readiness emergency list --all",),
    "redrive": ("readiness redrive --dry-run", "readiness redrive --queue pagerduty"),
    "sweep": ("readiness sweep",),
    "resolve-all": ("readiness resolve-all --dry-run",),
    "on-call": ("readiness on-call oncalls.json --since 2026-11-01 --until 2026-12-01",),
    "test-alert": ("readiness test-alert --owner team@example.com",),
    "completion": (
        'eval "$(readiness completion bash)"',
        "readiness completion fish > ~/.config/fish/completions/readiness.fish",
    ),
}


def epilog(path: Sequence[str]) -> str:
    """The examples of a command for the end of its help, as click leaves them alone."""
    lines = EXAMPLES.get(" ".join(path), ())
    if not lines:
        return ""
    return "\n".join(
        ["\b", "Examples:", *(f"  {each}" for line in lines for each in folded(line))]
    )


def folded(line: str) -> list[str]:
    """A command on lines that fit, continued as a shell takes it."""
    made = [""]
    for part in re.split(r"(?<=\S) (?=--?[a-z])", line):
        if made[-1] and len(made[-1]) + len(part) > _WIDEST:
            made[-1] += " \\"
            made.append("   ")
        made[-1] += f" {part}" if made[-1] else part
    return made
