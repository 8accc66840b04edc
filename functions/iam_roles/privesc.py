"""The known IAM privilege escalation paths, one row for each."""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "2026-11-01"
"""When the table was last compared with published research on IAM privilege escalation."""

PASS_ROLE = "iam:PassRole"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Escalation:
    """Actions that together, on any resource, let a principal gain more privileges.

    ``service`` is the service that receives the role, where the path uses iam:PassRole.
    """

    actions: tuple[str, ...]
    service: str = ""

    @property
    def name(self) -> str:
        return " with ".join(self.actions)


def _passing(service: str, *actions: str) -> Escalation:
    return Escalation((PASS_ROLE, *actions), service)


ESCALATIONS = (
    Escalation(("iam:AddUserToGroup",)),
    Escalation(("iam:AttachGroupPolicy",)),
    Escalation(("iam:AttachRolePolicy",)),
    Escalation(("iam:AttachUserPolicy",)),
    Escalation(("iam:CreateAccessKey",)),
    Escalation(("iam:CreateLoginProfile",)),
    Escalation(("iam:CreatePolicyVersion",)),
    Escalation(("iam:PutGroupPolicy",)),
    Escalation(("iam:PutRolePolicy",)),
    Escalation(("iam:PutUserPolicy",)),
    Escalation(("iam:SetDefaultPolicyVersion",)),
    Escalation(("iam:UpdateAssumeRolePolicy",)),
    Escalation(("iam:UpdateLoginProfile",)),
    _passing("apprunner.amazonaws.com", "apprunner:CreateService"),
    _passing("bedrock-agentcore.amazonaws.com", "bedrock-agentcore:CreateCodeInterpreter"),
    _passing("cloudformation.amazonaws.com", "cloudformation:CreateStack"),
    _passing("cloudformation.amazonaws.com", "cloudformation:CreateStackSet"),
    _passing("codebuild.amazonaws.com", "codebuild:CreateProject"),
    _passing("datapipeline.amazonaws.com", "datapipeline:CreatePipeline"),
    _passing("ec2.amazonaws.com", "ec2:RunInstances"),
    _passing("ecs-tasks.amazonaws.com", "ecs:RegisterTaskDefinition", "ecs:CreateService"),
    _passing("ecs-tasks.amazonaws.com", "ecs:RunTask"),
    _passing("ecs-tasks.amazonaws.com", "ecs:StartTask"),
    _passing("ecs-tasks.amazonaws.com", "batch:SubmitJob", "batch:RegisterJobDefinition"),
    _passing("glue.amazonaws.com", "glue:CreateDevEndpoint"),
    _passing("glue.amazonaws.com", "glue:CreateJob"),
    _passing("glue.amazonaws.com", "glue:UpdateJob"),
    _passing("lambda.amazonaws.com", "lambda:CreateFunction"),
    _passing("sagemaker.amazonaws.com", "sagemaker:CreateNotebookInstance"),
    _passing("sagemaker.amazonaws.com", "sagemaker:CreateProcessingJob"),
    _passing("sagemaker.amazonaws.com", "sagemaker:CreateTrainingJob"),
    _passing("scheduler.amazonaws.com", "scheduler:CreateSchedule"),
    _passing("ssm.amazonaws.com", "ssm:StartAutomationExecution"),
    _passing("states.amazonaws.com", "states:CreateStateMachine"),
)
