"""Operational documentation: runbooks, architecture and contacts for the person on call."""

from typing import Annotated

from readiness import Between, Severity, Verdict, complies, heading, not_applicable, violates
from readiness.engine.handler import handler_of
from readiness.evidence.account import AlternateContacts, ContactInformation
from readiness.evidence.cloudwatch.alarm_links import AlarmLinks
from readiness.evidence.ssm import RunbookDocument, Runbooks
from readiness.evidence.workloads.documented import WorkloadParts
from readiness.model.attestation import Attested, AttestedDocument
from readiness.model.text import listed, plural

from .contacts import judge_contacts, judge_primary
from .runbooks import judge_document, left_to_document, remembered
from .settings import SCENARIOS, DocumentDays, TwoPeople

operational_documentation = heading("Documentation", "Operational")

RUNBOOK = "Runbook created"
TROUBLESHOOTING = "Troubleshooting guide"
DIAGRAMS = "Architecture diagrams"
CONTACTS = "Contact information"


# -- runbooks -------------------------------------------------------------------------------------


@operational_documentation.rule(RUNBOOK, severity=Severity.MEDIUM)
def workload_runbook(
    parts: WorkloadParts,
    runbooks: Runbooks,
    attested: AttestedDocument,
    *,
    scenarios: Annotated[
        tuple[str, ...], "What the runbook must cover (names without spaces)"
    ] = SCENARIOS,
    max_age_days: DocumentDays = 180,
    two_people: TwoPeople = False,
) -> Verdict:
    """Each workload has a current runbook that covers what goes wrong and what to do then.

    The attested document states the scenarios that it covers. Documents of Systems Manager with
    the tag runbook cover theirs, so that the document need not repeat them, unless their
    executions only failed.
    """
    executions = remembered(runbooks, attested.recorded)
    only_failed = executions["last_failed"].keys() - executions["last_executed"].keys()
    left = left_to_document(
        parts.workload, scenarios, runbooks.all, runbooks.read_on, max_age_days, only_failed
    )
    verdict = attested.verdict(
        f"The runbook of {parts.workload}",
        max_age_days=max_age_days,
        two_people=two_people,
        covering={"scenarios": left} if left else None,
        document_of=parts.workload,
        documents_of_systems_manager=[each.name for each in runbooks.all],
        runbooks_that_only_failed=sorted(only_failed),
    )
    return verdict.observing({name: rows for name, rows in executions.items() if rows})


@operational_documentation.rule(RUNBOOK, severity=Severity.MEDIUM)
def runbook_document(
    document: RunbookDocument,
    attested: Attested,
    *,
    max_age_days: Annotated[
        int, Between(1, 180), "How long a review, an execution or a drill is valid (days)"
    ] = 180,
    must_be_executed: Annotated[
        bool, "An Automation runbook that was not executed or drilled in that time fails (LOW)"
    ] = False,
    two_people: TwoPeople = False,
) -> Verdict:
    """A Systems Manager document that is tagged as a runbook works, has an owner, and is reviewed.

    Its tags are runbook (the scenarios), owner, and reviewed (the day of the last review). That it
    works shows in its executions: what was executed and only failed is no runbook.
    """
    return judge_document(
        document,
        attested,
        max_age_days,
        must_be_executed=must_be_executed,
        two_people=two_people,
    )


# -- troubleshooting ------------------------------------------------------------------------------


@operational_documentation.rule(TROUBLESHOOTING, severity=Severity.MEDIUM)
def troubleshooting_guide(
    parts: WorkloadParts,
    attested: AttestedDocument,
    *,
    max_age_days: DocumentDays = 180,
    two_people: TwoPeople = False,
) -> Verdict:
    """Each workload has a current guide to finding out what is wrong (attested)."""
    return attested.verdict(
        f"The troubleshooting guide of {parts.workload}",
        max_age_days=max_age_days,
        two_people=two_people,
        document_of=parts.workload,
    )


@operational_documentation.rule(TROUBLESHOOTING, severity=Severity.LOW)
def alarm_runbooks(
    alarms: AlarmLinks,
    *,
    max_unlinked: Annotated[
        int, Between(0, 1000), "How many alarms that notify people may be without a link"
    ] = 0,
) -> Verdict:
    """Each alarm that notifies people links to what to do: whoever it wakes must not search.

    The link stands in the description of the alarm or in its tag runbook.
    """
    if not alarms.notifying:
        return not_applicable("No alarm of this region notifies people.")
    broken = dict(alarms.broken or {})
    if broken:
        named = [f"{alarm} ({document})" for alarm, document in sorted(broken.items())]
        return violates(
            f"{plural(len(broken), 'alarm')} of {alarms.notifying} that notify people"
            f" {'links' if len(broken) == 1 else 'link'} to a document of Systems Manager that"
            f" does not exist: {listed(named)}.",
            expected="A link to a runbook that exists.",
            broken=named,
        )
    if len(alarms.unlinked) > max_unlinked:
        return violates(
            f"{plural(len(alarms.unlinked), 'alarm')} of {alarms.notifying} that notify people"
            f" {'has' if len(alarms.unlinked) == 1 else 'have'} no link to a runbook:"
            f" {listed(alarms.unlinked)}.",
            expected="A URL or the ARN of a document in the description or in the tag runbook.",
            unlinked=list(alarms.unlinked),
        )
    return complies(
        f"Of {plural(alarms.notifying, 'alarm')} that notify people,"
        f" {len(alarms.unlinked)} are without a link to a runbook.",
    )


# -- architecture ---------------------------------------------------------------------------------


@operational_documentation.rule(DIAGRAMS, severity=Severity.LOW)
def architecture_diagram(
    parts: WorkloadParts,
    attested: AttestedDocument,
    *,
    max_age_days: DocumentDays = 180,
    two_people: TwoPeople = False,
    compare_types: Annotated[
        bool, "Compare the diagram with the types of resources that the workload has"
    ] = True,
) -> Verdict:
    """Each workload has a current diagram that shows all types of resources it consists of.

    The attestation states the types that the diagram shows. It becomes void when the workload
    has a new one.
    """
    return attested.verdict(
        f"The architecture diagram of {parts.workload}",
        max_age_days=max_age_days,
        two_people=two_people,
        covering={"resource_types": parts.types} if compare_types and parts.types else None,
        document_of=parts.workload,
        resource_types=list(parts.types),
    )


# -- contacts -------------------------------------------------------------------------------------


@operational_documentation.rule(CONTACTS, severity=Severity.MEDIUM)
def alternate_contacts(
    contacts: AlternateContacts,
    *,
    required_contacts: Annotated[
        tuple[str, ...], "The contacts that must be set: OPERATIONS, SECURITY, BILLING"
    ] = ("OPERATIONS", "SECURITY"),
    allowed_domains: Annotated[
        tuple[str, ...], "Domains that addresses must belong to; if empty, any"
    ] = (),
) -> Verdict:
    """AWS can reach the teams for operations and security, beside the owner of the account.

    Addresses and numbers are checked for form, and are not stored with the finding.
    """
    return judge_contacts(contacts, required_contacts, allowed_domains)


@operational_documentation.rule(CONTACTS, severity=Severity.LOW)
def primary_contact(contact: ContactInformation) -> Verdict:
    """The primary contact of the account has a name and a phone number."""
    return judge_primary(contact)


@operational_documentation.rule(CONTACTS, severity=Severity.MEDIUM)
def contacts_answer(
    contacts: AlternateContacts,
    attested: Attested,
    *,
    max_age_days: Annotated[
        int, Between(1, 90), "How long a test of contacts is valid (days)"
    ] = 90,
    two_people: TwoPeople = False,
) -> Verdict:
    """Someone answered a test message to each contact lately (attested).

    The attestation is bound to the contacts: it becomes void when one of them changes.
    """
    return attested.verdict(
        "A test that the contacts answer",
        max_age_days=max_age_days,
        bound={"contacts": contacts.digest},
        two_people=two_people,
        set=sorted(contacts.by_type),
    )


handler = handler_of(operational_documentation)
