"""The known IAM privilege escalation paths, one row for each, with its source."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.model.verdict import Severity
from readiness.semantics.policy_patterns import OTHER_SUFFIXES

VERSION = "2026-11-26"
"""When the table was last compared with the published lists."""

SOURCES = {
    "rhino": "https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/",
    "pathfinding": "https://pathfinding.cloud/paths/",
    "prowler": "https://github.com/prowler-cloud/prowler/blob/master/prowler/providers/aws/services"
    "/iam/lib/privilege_escalation.py",
    "hackingthecloud": "https://hackingthe.cloud/aws/exploitation/iam_privilege_escalation/",
    "hacktricks": "https://cloud.hacktricks.xyz/pentesting-cloud/aws-security"
    "/aws-privilege-escalation",
    "boundaries": "https://docs.aws.amazon.com/IAM/latest/UserGuide"
    "/access_policies_boundaries.html",
    "service-authorization": "https://docs.aws.amazon.com/service-authorization/latest/reference"
    "/reference_policies_actions-resources-contextkeys.html",
    "api": "https://docs.aws.amazon.com/",
}
"""The published lists: each row is from one of them.

``service-authorization`` is AWS's list of the actions that need iam:PassRole, ``api`` is the API
reference of an action that runs commands, gives credentials or changes permissions.
"""

PASS_ROLE = "iam:PassRole"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Escalation:
    """Actions that together, on any resource, let a principal gain more privileges.

    ``services`` are those that receive the role, where the path uses iam:PassRole: one of them
    is enough. ``source`` is a key of ``SOURCES``. ``severity`` is lower for what policies
    made by AWS allow on any resource.
    """

    actions: tuple[str, ...]
    source: str
    services: tuple[str, ...] = ()
    severity: Severity = Severity.HIGH

    @property
    def name(self) -> str:
        return " with ".join(self.actions)


def _alone(source: str, *actions: str) -> Escalation:
    return Escalation(actions, source)


def _weakening(source: str, action: str) -> Escalation:
    """What takes away a restriction, or helps only who knows more: a Deny, a factor, a key."""
    return Escalation((action,), source, severity=Severity.MEDIUM)


def _running(source: str, action: str) -> Escalation:
    """A command in a job that exists.

    The policies that Step Functions makes for state machines allow it on any resource (Step
    Functions Developer Guide, "IAM policies for AWS Batch", "… for Amazon EMR").
    """
    return Escalation((action,), source, severity=Severity.MEDIUM)


def _passing(services: str, source: str, *actions: str) -> Escalation:
    hosts = [f"{service}.amazonaws.com" for service in services.split()]
    hosts += [
        f"{service}.{suffix}"
        for service in services.split()
        if service in _NAMED_BY_PARTITION
        for suffix in OTHER_SUFFIXES
    ]
    return Escalation((PASS_ROLE, *actions), source, tuple(hosts))


_NAMED_BY_PARTITION = ("ec2", "elasticmapreduce")
"""They have another name in China (AWS services in China, "Endpoints and ARNs") and in isolated
partitions."""


ESCALATIONS = (
    # -- permissions, credentials and trust
    _alone("pathfinding", "iam:AddUserToGroup"),
    _alone("pathfinding", "iam:AttachGroupPolicy"),
    _alone("pathfinding", "iam:AttachRolePolicy"),
    _alone("pathfinding", "iam:AttachUserPolicy"),
    _alone("pathfinding", "iam:CreateAccessKey"),
    _alone("pathfinding", "iam:CreateLoginProfile"),
    _alone("pathfinding", "iam:CreatePolicyVersion"),
    _alone("hacktricks", "iam:CreateServiceSpecificCredential"),
    _alone("boundaries", "iam:DeleteRolePermissionsBoundary"),
    _alone("boundaries", "iam:DeleteUserPermissionsBoundary"),
    _alone("pathfinding", "iam:PutGroupPolicy"),
    _alone("boundaries", "iam:PutRolePermissionsBoundary"),
    _alone("pathfinding", "iam:PutRolePolicy"),
    _alone("boundaries", "iam:PutUserPermissionsBoundary"),
    _alone("pathfinding", "iam:PutUserPolicy"),
    _alone("hacktricks", "iam:ResetServiceSpecificCredential"),
    _alone("pathfinding", "iam:SetDefaultPolicyVersion"),
    _alone("pathfinding", "iam:UpdateAssumeRolePolicy"),
    _alone("pathfinding", "iam:UpdateLoginProfile"),
    _alone("hacktricks", "iam:UpdateSAMLProvider"),
    _alone("api", "sso:AttachManagedPolicyToPermissionSet", "sso:ProvisionPermissionSet"),
    _alone(
        "api",
        "sso:AttachCustomerManagedPolicyReferenceToPermissionSet",
        "sso:ProvisionPermissionSet",
    ),
    _alone("api", "sso:CreateAccountAssignment"),
    _alone("api", "sso:DeletePermissionsBoundaryFromPermissionSet"),
    _alone("api", "sso:PutInlinePolicyToPermissionSet"),
    _alone("api", "sso:PutPermissionsBoundaryToPermissionSet"),
    _alone("api", "identitystore:CreateGroupMembership"),
    _alone("api", "sts:AssumeRoot"),
    _alone("api", "eks:CreateAccessEntry", "eks:AssociateAccessPolicy"),
    _weakening("hacktricks", "iam:DeactivateMFADevice"),
    _weakening("hackingthecloud", "iam:DeleteRolePolicy"),
    _weakening("hackingthecloud", "iam:DeleteUserPolicy"),
    _weakening("hackingthecloud", "iam:DetachRolePolicy"),
    _weakening("hackingthecloud", "iam:DetachUserPolicy"),
    _weakening("hacktricks", "iam:UpdateAccessKey"),
    _weakening("hacktricks", "iam:UpdateOpenIDConnectProviderThumbprint"),
    _weakening("hacktricks", "iam:UploadSSHPublicKey"),
    # -- the role of something that exists
    _alone("pathfinding", "apprunner:UpdateService"),
    _running("pathfinding", "batch:SubmitJob"),
    _alone(
        "pathfinding",
        "bedrock-agentcore:StartCodeInterpreterSession",
        "bedrock-agentcore:InvokeCodeInterpreter",
    ),
    _alone("pathfinding", "bedrock-agentcore:InvokeAgentRuntimeCommand"),
    _alone(
        "pathfinding",
        "bedrock-agentcore:StartBrowserSession",
        "bedrock-agentcore:ConnectBrowserAutomationStream",
    ),
    _alone(
        "pathfinding",
        "cloudformation:CreateChangeSet",
        "cloudformation:ExecuteChangeSet",
    ),
    _alone("pathfinding", "cloudformation:UpdateStack"),
    _alone("pathfinding", "codebuild:StartBuild"),
    _alone("pathfinding", "codebuild:StartBuildBatch"),
    _alone("api", "codebuild:UpdateProject"),
    _alone("pathfinding", "codedeploy:CreateDeployment"),
    _alone("prowler", "ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"),
    _alone(
        "pathfinding", "ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"
    ),
    _alone("pathfinding", "ec2-instance-connect:SendSSHPublicKey"),
    _alone("api", "ec2-instance-connect:SendSerialConsoleSSHPublicKey"),
    _alone("pathfinding", "ecs:ExecuteCommand"),
    _running("api", "elasticmapreduce:AddJobFlowSteps"),
    _alone("pathfinding", "glue:UpdateDevEndpoint"),
    _alone("api", "glue:RunStatement"),
    # A statement of a function's policy may allow any action of Lambda, also to oneself.
    _alone("hacktricks", "lambda:AddPermission"),
    _alone("pathfinding", "lambda:UpdateFunctionCode"),
    _alone("prowler", "lambda:UpdateFunctionConfiguration"),
    _alone("api", "sagemaker:CreatePresignedDomainUrl"),
    _alone("pathfinding", "sagemaker:CreatePresignedNotebookInstanceUrl"),
    _alone(
        "pathfinding",
        "sagemaker:CreateNotebookInstanceLifecycleConfig",
        "sagemaker:StopNotebookInstance",
        "sagemaker:UpdateNotebookInstance",
        "sagemaker:StartNotebookInstance",
    ),
    _alone("pathfinding", "sagemaker:UpdateNotebookInstanceLifecycleConfig"),
    _alone("api", "ssm:CreateAssociation"),
    _alone("api", "ssm:RegisterTaskWithMaintenanceWindow"),
    _alone("pathfinding", "ssm:SendCommand"),
    _alone("pathfinding", "ssm:StartSession"),
    _alone("pathfinding", "states:UpdateStateMachine"),
    # -- a role that the principal passes
    _passing("airflow airflow-env", "service-authorization", "airflow:CreateEnvironment"),
    _passing("amplify", "pathfinding", "amplify:CreateApp"),
    _passing("tasks.apprunner", "pathfinding", "apprunner:CreateService"),
    _passing("autoscaling ec2", "pathfinding", "autoscaling:CreateAutoScalingGroup"),
    _passing("autoscaling ec2", "prowler", "autoscaling:CreateLaunchConfiguration"),
    _passing(
        "autoscaling ec2",
        "hackingthecloud",
        "autoscaling:UpdateAutoScalingGroup",
        "ec2:CreateLaunchTemplate",
    ),
    _passing(
        "autoscaling ec2",
        "hackingthecloud",
        "autoscaling:UpdateAutoScalingGroup",
        "ec2:CreateLaunchTemplateVersion",
    ),
    _passing("ecs-tasks", "pathfinding", "batch:RegisterJobDefinition"),
    _passing(
        "bedrock-agentcore",
        "pathfinding",
        "bedrock-agentcore:CreateCodeInterpreter",
    ),
    _passing("bedrock-agentcore", "pathfinding", "bedrock-agentcore:CreateAgentRuntime"),
    _passing("bedrock-agentcore", "pathfinding", "bedrock-agentcore:CreateHarness"),
    _passing("bedrock-agentcore", "pathfinding", "bedrock-agentcore:CreateBrowser"),
    _passing("braket", "pathfinding", "braket:CreateJob"),
    _passing("cloudformation", "pathfinding", "cloudformation:CreateStack"),
    _passing("cloudformation", "pathfinding", "cloudformation:CreateStackSet"),
    _passing("cloudformation", "pathfinding", "cloudformation:UpdateStackSet"),
    _passing("codebuild", "pathfinding", "codebuild:CreateProject"),
    _passing("codepipeline", "service-authorization", "codepipeline:CreatePipeline"),
    _passing("codepipeline", "service-authorization", "codepipeline:UpdatePipeline"),
    _passing("codebuild", "service-authorization", "codebuild:UpdateProject"),
    _passing("codestar", "rhino", "codestar:CreateProject"),
    _passing(
        "cognito-identity",
        "pathfinding",
        "cognito-identity:SetIdentityPoolRoles",
    ),
    _passing("datapipeline", "rhino", "datapipeline:CreatePipeline"),
    _passing("ec2", "service-authorization", "ec2:AssociateIamInstanceProfile"),
    _passing("ec2", "service-authorization", "ec2:ReplaceIamInstanceProfileAssociation"),
    _passing("ec2", "pathfinding", "ec2:RequestSpotInstances"),
    _passing("ec2", "service-authorization", "ec2:RequestSpotFleet"),
    _passing("ec2", "pathfinding", "ec2:RunInstances"),
    _passing("ec2", "service-authorization", "ec2:CreateFleet"),
    _passing(
        "ec2",
        "service-authorization",
        "iam:AddRoleToInstanceProfile",
        "iam:RemoveRoleFromInstanceProfile",
    ),
    _passing("ecs-tasks", "pathfinding", "ecs:CreateService"),
    _passing("ecs-tasks", "service-authorization", "ecs:CreateTaskSet"),
    _passing("ecs-tasks", "pathfinding", "ecs:RunTask"),
    _passing("ecs-tasks", "pathfinding", "ecs:StartTask"),
    _passing(
        "ecs-tasks", "service-authorization", "ecs:RegisterTaskDefinition", "ecs:UpdateService"
    ),
    _passing("eks pods.eks ec2", "service-authorization", "eks:CreatePodIdentityAssociation"),
    _passing("ec2 elasticmapreduce", "pathfinding", "elasticmapreduce:RunJobFlow"),
    _passing(
        "emr-serverless",
        "pathfinding",
        "emr-serverless:StartJobRun",
    ),
    _passing("events", "service-authorization", "events:PutTargets"),
    _passing("gamelift", "pathfinding", "gamelift:CreateFleet"),
    _passing("glue", "pathfinding", "glue:CreateDevEndpoint"),
    _passing("glue", "pathfinding", "glue:CreateJob"),
    _passing("glue", "pathfinding", "glue:CreateSession"),
    _passing("glue", "pathfinding", "glue:UpdateJob"),
    _passing(
        "ec2 imagebuilder",
        "pathfinding",
        "imagebuilder:CreateInfrastructureConfiguration",
    ),
    _passing("credentials.iot iot", "service-authorization", "iot:CreateRoleAlias"),
    _passing("iot", "service-authorization", "iot:CreateTopicRule"),
    _passing(
        "kinesisanalytics",
        "pathfinding",
        "kinesisanalytics:CreateApplication",
    ),
    _passing("lambda", "pathfinding", "lambda:CreateFunction"),
    _passing("lambda", "service-authorization", "lambda:UpdateFunctionConfiguration"),
    _passing("omics", "pathfinding", "omics:StartRun"),
    _passing("pipes", "service-authorization", "pipes:CreatePipe"),
    _passing("pipes", "service-authorization", "pipes:UpdatePipe"),
    _passing(
        "rolesanywhere",
        "service-authorization",
        "rolesanywhere:CreateTrustAnchor",
        "rolesanywhere:CreateProfile",
    ),
    _passing("sagemaker", "service-authorization", "sagemaker:CreatePipeline"),
    _passing("sagemaker", "service-authorization", "sagemaker:CreateUserProfile"),
    _passing("sagemaker", "service-authorization", "sagemaker:CreateModel"),
    _passing("sagemaker", "pathfinding", "sagemaker:CreateNotebookInstance"),
    _passing("sagemaker", "pathfinding", "sagemaker:CreateProcessingJob"),
    _passing("sagemaker", "pathfinding", "sagemaker:CreateTrainingJob"),
    _passing("sagemaker", "service-authorization", "sagemaker:CreateHyperParameterTuningJob"),
    _passing("scheduler", "pathfinding", "scheduler:CreateSchedule"),
    _passing("scheduler", "service-authorization", "scheduler:UpdateSchedule"),
    _passing("ssm", "pathfinding", "ssm:StartAutomationExecution"),
    _passing("ssm", "service-authorization", "ssm:CreateActivation"),
    _passing("states", "pathfinding", "states:CreateStateMachine"),
    # It runs a state, of any service, without a state machine.
    _passing("states", "api", "states:TestState"),
    _passing("lambda", "api", "synthetics:CreateCanary"),
    _passing("lambda", "api", "synthetics:UpdateCanary"),
)

_MACHINES = ("arn:*:ec2:*:*:instance/i-*", "arn:*:ssm:*:*:managed-instance/mi-*")
_PERMISSION_SETS = ("arn:*:sso:::permissionSet/*/*",)

TARGETS = {
    "bedrock-agentcore:InvokeCodeInterpreter": (
        "arn:*:bedrock-agentcore:*:*:code-interpreter-custom/*",
    ),
    "bedrock-agentcore:StartCodeInterpreterSession": (
        "arn:*:bedrock-agentcore:*:*:code-interpreter-custom/*",
    ),
    "batch:SubmitJob": (
        "arn:*:batch:*:*:job-definition/*",
        "arn:*:batch:*:*:job-definition/*:*",
    ),
    "ec2:CreateFleet": ("arn:*:ec2:*:*:instance/i-*",),
    "ec2:RunInstances": ("arn:*:ec2:*:*:instance/i-*",),
    "ecs:ExecuteCommand": ("arn:*:ecs:*:*:task/*/*",),
    "identitystore:CreateGroupMembership": ("arn:*:identitystore:::group/*",),
    "omics:StartRun": ("arn:*:omics:*:*:run/*",),
    "ssm:CreateAssociation": _MACHINES,
    "ssm:SendCommand": _MACHINES,
    "ssm:StartAutomationExecution": (
        "arn:*:ssm:*:*:automation-definition/*:*",
        "arn:*:ssm:*:*:document/*",
    ),
    "ssm:StartSession": _MACHINES,
    "sso:AttachCustomerManagedPolicyReferenceToPermissionSet": _PERMISSION_SETS,
    "sso:AttachManagedPolicyToPermissionSet": _PERMISSION_SETS,
    "sso:CreateAccountAssignment": _PERMISSION_SETS,
    "sso:DeletePermissionsBoundaryFromPermissionSet": _PERMISSION_SETS,
    "sso:ProvisionPermissionSet": _PERMISSION_SETS,
    "sso:PutInlinePolicyToPermissionSet": _PERMISSION_SETS,
    "sso:PutPermissionsBoundaryToPermissionSet": _PERMISSION_SETS,
}
"""Of actions that act on several kinds of resources: the kinds that hold the privileges.

ssm:SendCommand on every instance with one document for shell commands is an escalation, with
every document on one instance it is none.
"""

SELF = (
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
)
"""With these a principal gains everything even if it may use them on itself alone."""

SELF_BOUNDARY = (
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
)
"""With these a principal that has a boundary leaves it."""

SELF_DENY = (
    "iam:DeleteRolePolicy",
    "iam:DeleteUserPolicy",
    "iam:DetachRolePolicy",
    "iam:DetachUserPolicy",
)
"""With these a principal whose policies deny something takes the Deny away."""

EDIT_POLICY = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")
"""With these a principal rewrites a policy of its own."""
