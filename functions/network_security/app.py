"""Network security: private subnets, minimal security groups, flow logs and VPC endpoints."""

from typing import Annotated, Literal

from readiness import (
    Between,
    Problem,
    Severity,
    Unreadable,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    unread,
    violates,
    violates_all,
)
from readiness.engine.handler import handler_of
from readiness.evidence.awslambda.functions import FunctionTags
from readiness.evidence.awslambda.network import ReachedNetworks
from readiness.evidence.awslambda.settings import FunctionPlacement
from readiness.evidence.ec2.security_groups import (
    Attachments,
    PrefixLists,
    SecurityGroup,
    StaleReferences,
)
from readiness.evidence.ec2.vpc_endpoints import VpcDns, VpcEndpoints, VpcWorkloads
from readiness.evidence.ec2.vpcs import RouteTables, Subnets, Vpc, VpcFlowLogs, VpcInterfaces
from readiness.evidence.ecs.services import Service
from readiness.evidence.route53 import PrivateZones
from readiness.evidence.route53profiles import DnsProfiles
from readiness.judgement.service_functions import of_service_function
from readiness.model.tags import WORKLOAD_TAG
from readiness.model.text import listed

from .firewall import (
    Limits,
    at_most,
    default_group_problems,
    egress_problems,
    ingress_problems,
    open_to_the_internet,
    unseen_lists,
)
from .flow_records import Wanted, is_recorded, rate_limited, why_not_recorded
from .private_link import required_services, tables_used, why_calls_leave
from .routing import placement

network_security = heading("Security", "Network Security")

PRIVATE = "Subnets without a route to an internet gateway."


@network_security.rule("Deploy in VPC with private subnets", severity=Severity.HIGH)
def lambda_private_subnets(
    function: FunctionPlacement,
    network: ReachedNetworks,
    tags: FunctionTags,
    subnets: Subnets,
    routes: RouteTables,
    *,
    lambda_vpc_mode: Annotated[
        Literal["always", "in_scope", "never"],
        "Which functions have to be in a VPC: all, those with the tag Application, or none",
    ] = "always",
) -> Verdict:
    """The function is in a VPC and runs only in private subnets.

    Published versions that aliases lead to keep the network they were published with.
    A function that only calls AWS APIs gains little from a VPC (AWS Well-Architected, Serverless
    Lens). For such functions set ``lambda_vpc_mode`` or record a waiver. A function on Lambda
    Managed Instances runs in the subnets of its capacity provider.
    """
    if function.master_arn or function.name.startswith("us-east-1."):
        return not_applicable("This is a Lambda@Edge replica, which cannot be in a VPC.")
    if lambda_vpc_mode == "never":
        return not_applicable(
            "No function has to be in a VPC (the setting lambda_vpc_mode is never)."
        )
    if lambda_vpc_mode == "in_scope" and not tags.get(WORKLOAD_TAG):
        return not_applicable(
            f"It does not have to be in a VPC, because it has no tag {WORKLOAD_TAG}."
        )
    if not network.subnet_ids:
        return of_service_function(function.name) or violates(
            "The function is not in a VPC.",
            expected=PRIVATE,
            severity=Severity.MEDIUM,
            subnets=[],
        )
    outside = [
        Problem(Severity.MEDIUM, f"The version {version} of the function is not in a VPC.")
        for version in network.outside
    ]
    return _placed(network.subnet_ids, subnets, routes, outside)


@network_security.rule("Deploy in VPC with private subnets", severity=Severity.HIGH)
def ecs_private_subnets(service: Service, subnets: Subnets, routes: RouteTables) -> Verdict:
    """The service's tasks run in private subnets and have no public IP address.

    In subnets that VPC Block Public Access blocks, nothing reaches an address from the internet.
    """
    if service.launch_type == "EXTERNAL":
        return not_applicable("The service runs on machines outside AWS (ECS Anywhere).")
    if not service.subnet_ids:
        return cannot_tell(
            "Neither the service nor its task sets have an awsvpc network configuration: the tasks"
            " use the network of the container instances."
        )
    address = Problem(
        Severity.HIGH, "Its tasks get public IP addresses (assignPublicIp is ENABLED)."
    )
    of_tasks = (subnets.by_id.get(id) for id in service.subnet_ids)
    is_useless = all(subnet and subnet.is_blocked for subnet in of_tasks)
    known = [address] if service.assign_public_ip and not is_useless else []
    return _placed(service.subnet_ids, subnets, routes, known)


def _placed(
    subnet_ids: tuple[str, ...], subnets: Subnets, routes: RouteTables, known: list[Problem]
) -> Verdict:
    where = placement(subnet_ids, subnets, routes)
    problems = known + [
        Problem(Severity.HIGH, f"The subnet {id} is public: {why}.")
        for id, why in where.public.items()
    ]
    if problems:
        return violates_all(
            problems, expected=PRIVATE, subnets=subnet_ids, public_subnets=list(where.public)
        )
    if where.unseen:
        return cannot_tell(
            f"This account cannot see the route table of {listed(where.unseen)}.",
            missing=("ec2:DescribeRouteTables",),
            subnets=subnet_ids,
        )
    return complies(f"It runs only in private subnets: {listed(subnet_ids)}.", subnets=subnet_ids)


@network_security.rule("Configure security groups with minimal access", severity=Severity.HIGH)
def minimal_security_group(
    group: SecurityGroup,
    attached: Attachments,
    lists: PrefixLists | Unreadable,
    stale: StaleReferences | Unreadable,
    *,
    allowed_public_ports: Annotated[
        tuple[str, ...],
        "TCP ports that may be open to the internet on groups that only load balancers use; with"
        " 443 also UDP 443 (HTTP/3)",
    ] = ("443", "80"),
    world_v4_prefixlen: Annotated[
        int,
        Between(0, 24),
        "An IPv4 range with this prefix length or a shorter one counts as the internet",
    ] = 8,
    world_v6_prefixlen: Annotated[
        int,
        Between(0, 48),
        "An IPv6 range with this prefix length or a shorter one counts as the internet",
    ] = 16,
    max_port_span: Annotated[
        int,
        Between(1, 65536),
        "The most ports that one rule may open to sources other than the group itself",
    ] = 1024,
    check_egress: Annotated[
        bool, "Report outbound rules that allow all traffic to the internet"
    ] = True,
    ignore_unattached: Annotated[bool, "Leave out groups that no network interface uses"] = False,
) -> Verdict:
    """The security group opens only needed ports, and to the internet only on load balancers.

    While no network interface uses the group, its rules expose nothing and its problems are LOW.
    Rules of a default group stay MEDIUM, because anything launched later may get them. Network
    ACLs and firewalls in front of it are not read: they excuse no group that is open.
    """
    is_default = group.name == "default"
    is_attached = bool(attached.interfaces)
    if ignore_unattached and not is_attached and not is_default:
        return not_applicable("No network interface uses this security group.")
    known = {} if isinstance(lists, Unreadable) else lists.by_id
    limits = Limits(
        frozenset(allowed_public_ports if attached.only_load_balancers else ()),
        world_v4_prefixlen,
        world_v6_prefixlen,
        max_port_span,
    )
    lost = frozenset() if isinstance(stale, Unreadable) else stale.group_ids
    problems = ingress_problems(group, known, lost, limits)
    if check_egress and not is_default:
        problems += egress_problems(group, known, limits)
    if not is_attached:
        problems = at_most(Severity.LOW, problems)
    if is_default:
        problems += default_group_problems(group)
    unseen = unseen_lists(group, known)
    if not any(problem.severity.at_least(Severity.HIGH) for problem in problems):
        if unseen:
            return _cannot_see(unseen, lists)
        if isinstance(stale, Unreadable):
            return unread(f"Which of its rules are stale could not be read: {stale}.", stale)
    if problems:
        return violates_all(
            problems,
            expected=(
                "A default security group without rules."
                if is_default
                else "Inbound rules only for the ports in use and the sources that need them."
            ),
            attached_to=len(attached.interfaces),
        )
    public = open_to_the_internet(group, known, limits)
    said = (
        f"Only {listed(public)} may be reached from the internet"
        if public
        else "No inbound rule is open to the internet"
    )
    return complies(
        f"{said} ({len(group.ingress)} inbound, {len(group.egress)} outbound).",
        attached_to=len(attached.interfaces),
    )


def _cannot_see(unseen: tuple[str, ...], lists: PrefixLists | Unreadable) -> Verdict:
    """Lesser problems are not reported meanwhile: the unread list may hide a worse one."""
    if isinstance(lists, Unreadable):
        return unread(f"A prefix list that its rules use could not be read: {lists}.", lists)
    return cannot_tell(
        f"Its rules use {listed(unseen)}, which ec2:DescribeManagedPrefixLists does not return.",
        missing=("ec2:DescribeManagedPrefixLists",),
    )


@network_security.rule("Enable VPC Flow Logs", severity=Severity.MEDIUM)
def vpc_flow_logs(
    vpc: Vpc,
    logs: VpcFlowLogs,
    interfaces: VpcInterfaces,
    *,
    required_traffic: Annotated[
        Literal["ALL", "REJECT", "ACCEPT"], "Which traffic has to be recorded"
    ] = "ALL",
    ignore_unused_vpcs: Annotated[bool, "Leave out VPCs without network interfaces"] = False,
    max_aggregation_interval: Annotated[
        int, Between(60, 600), "The longest allowed aggregation interval of a flow log, in seconds"
    ] = 600,
) -> Verdict:
    """Flow logs record and deliver the traffic of the whole VPC, or of each of its subnets.

    A flow log is ACTIVE even when nothing arrives; only its delivery status shows a failure.
    """
    if not vpc.is_ours:
        return not_applicable(
            f"The VPC belongs to account {vpc.owner}, which configures its flow logs."
        )
    if ignore_unused_vpcs and not interfaces.count:
        return not_applicable("The VPC is not in use: it has no network interfaces.")
    observed = {log.id: f"{log.traffic} {log.delivery or 'not delivered yet'}" for log in logs.all}
    wanted = Wanted(required_traffic, max_aggregation_interval)
    if is_recorded(logs, wanted):
        reason = f"Flow logs record {required_traffic} traffic of the VPC."
        return complies(reason, flow_logs=observed)
    if is_recorded(logs, wanted, excused=rate_limited(logs)):
        return cannot_tell(
            "The delivery of the flow logs is rate limited, so some records may be lost.",
            flow_logs=observed,
        )
    return violates(
        why_not_recorded(logs, wanted),
        expected=f"A flow log for {required_traffic} traffic whose delivery succeeds.",
        flow_logs=observed,
    )


@network_security.rule("Use AWS PrivateLink for service endpoints", severity=Severity.MEDIUM)
def private_service_endpoints(
    vpc: Vpc,
    workloads: VpcWorkloads,
    endpoints: VpcEndpoints,
    dns: VpcDns,
    zones: PrivateZones,
    subnets: Subnets,
    routes: RouteTables,
    profiles: DnsProfiles | Unreadable,
    *,
    required_endpoint_services: Annotated[
        tuple[str, ...],
        "Services that need an endpoint, such as sqs; if empty, those that workloads call",
    ] = (),
    accept_centralized: Annotated[
        bool, "Accept a private hosted zone or a profile that leads to endpoints in another VPC"
    ] = True,
    require_restrictive_policy: Annotated[
        bool, "Fail endpoints whose policy allows everything, as the default policy does"
    ] = False,
) -> Verdict:
    """Calls to AWS services use VPC endpoints: each called service has a working one."""
    unknown = [f"{each.name} ({each.unknown})" for each in workloads.all if each.unknown]
    needed = required_endpoint_services or required_services(workloads.all)
    if none_needed := _why_no_endpoints(vpc, workloads, bool(needed or unknown)):
        return not_applicable(none_needed)
    tables = tables_used(workloads.all, subnets, routes)
    central = zones.services if accept_centralized else frozenset()
    problems = why_calls_leave(needed, central, endpoints.all, dns, tables)
    wide = [e.id for e in endpoints.all if e.service in needed and e.is_wide_open]
    if wide and require_restrictive_policy:
        problems.append(f"The endpoint policy of {listed(wide)} allows every action to everyone.")
    elif problems and accept_centralized and dns.support and dns.hostnames:
        doubt = _elsewhere(problems, profiles)
        if doubt is not None:
            return doubt
    if problems:
        return violates(
            " ".join(problems),
            expected=f"A working endpoint for {listed(needed, 10)}.",
            needed=needed,
            wide_open_policies=wide,
        )
    if tables is None:
        return cannot_tell(
            "This account cannot see all route tables of the subnets in use.",
            missing=("ec2:DescribeRouteTables",),
        )
    if unknown and not required_endpoint_services:
        return cannot_tell(
            f"It is not known which AWS services are called by {listed(unknown)}.",
            missing=("kms:Decrypt", "iam:GetAccountAuthorizationDetails"),
        )
    return complies(f"Working endpoints exist for {listed(needed, 10)}.", needed=needed)


def _elsewhere(problems: list[str], profiles: DnsProfiles | Unreadable) -> Verdict | None:
    """The verdict where a Route 53 Profile may bring the names that seem to lack an endpoint."""
    said = " ".join(problems)
    if isinstance(profiles, Unreadable):
        if not (profiles.is_denied or profiles.is_passing):
            return None  # no such API here, so no such profile
        return unread(
            f"{said} Whether a Route 53 Profile leads to endpoints of another VPC could not be"
            f" read: {profiles}.",
            profiles,
        )
    if profiles.coming and not profiles.with_names:
        return cannot_tell(
            f"{said} The Route 53 Profile {listed(profiles.coming)} is being associated with the"
            " VPC, and brings it private names in a few minutes.",
            is_passing=True,
        )
    if not profiles.with_names:
        return None
    return cannot_tell(
        f"{said} The Route 53 Profile {listed(profiles.with_names)} of the VPC brings it private"
        " names, which may lead to endpoints of another VPC; what they are is not read."
    )


def _why_no_endpoints(vpc: Vpc, workloads: VpcWorkloads, calls_services: bool) -> str:  # noqa: FBT001
    if not vpc.is_ours:
        return f"The VPC belongs to account {vpc.owner}, which manages its endpoints."
    if not workloads.all:
        return "No function or service runs in this VPC."
    return (
        ""
        if calls_services
        else "The functions and services in this VPC name no AWS service that they call."
    )


handler = handler_of(network_security)
