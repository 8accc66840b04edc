"""Development documentation: those who build on a workload find out how, and what changed."""

import fnmatch
from typing import Annotated

from readiness import Severity, Status, Verdict, cannot_tell, complies, heading, not_applicable
from readiness.engine.handler import handler_of
from readiness.evidence.apigateway.documentation import ApiRoutes, RestApiDocumentation
from readiness.evidence.workloads.documented import ConfigurationKeys, WorkloadParts
from readiness.evidence.workloads.manifests import Manifests
from readiness.model.attestation import AttestedDocument
from readiness.model.text import listed, plural

from .migration import migration_verdict
from .settings import DocumentDays, TwoPeople

development_documentation = heading("Documentation", "Development")

API = "API documentation"


# -- APIs -----------------------------------------------------------------------------------------


@development_documentation.rule(API, severity=Severity.LOW)
def rest_api_documentation(
    api: RestApiDocumentation,
    attested: AttestedDocument,
    *,
    max_age_days: DocumentDays = 180,
    two_people: TwoPeople = False,
) -> Verdict:
    """Every method of a deployed REST API is documented, in API Gateway or in a document.

    In API Gateway, each method has a documentation part with text, and each stage publishes a
    version of the documentation that has those of the methods deployed there. An attested
    document becomes void when methods change.
    """
    if not api.stages:
        return not_applicable(f"The API {api.name} has no stage: nobody can call it.")
    if not api.methods:
        return not_applicable(f"The API {api.name} has no methods.")
    unpublished = sorted(stage for stage, version in api.stages.items() if not version)
    unknown = api.outdated or api.unexported
    if not api.undocumented and not unpublished and not unknown:
        return complies(
            f"API Gateway documents {plural(len(api.methods), 'method')} of the API {api.name},"
            f" and {plural(len(api.stages), 'stage')} publishes it."
            if len(api.stages) == 1
            else f"API Gateway documents {plural(len(api.methods), 'method')} of the API"
            f" {api.name}, and {plural(len(api.stages), 'stage')} publish it.",
            operations=api.digest,
        )
    verdict = attested.verdict(
        f"The documentation of the API {api.name}",
        max_age_days=max_age_days,
        two_people=two_people,
        bound={"operations": api.digest},
        document_of=api.id,
        undocumented_in_api_gateway=list(api.undocumented),
        stages_without_documentation=unpublished,
        published_without=sorted(
            f"{stage}: {listed(methods)}" for stage, methods in api.outdated.items()
        ),
        stages_not_exported=list(api.unexported),
    )
    is_doubt_alone = not (api.undocumented or unpublished or api.outdated)
    if is_doubt_alone and not attested.statements and verdict.status is Status.NON_COMPLIANT:
        return cannot_tell(
            f"Every method of the API {api.name} is documented, and every stage publishes a"
            f" version of that. API Gateway cannot export {listed(list(api.unexported))}, so"
            " whether the version has the methods that are deployed is not known; a document can"
            " be attested."
        ).observing(verdict.observed)
    return verdict


@development_documentation.rule(API, severity=Severity.LOW)
def http_api_documentation(
    api: ApiRoutes,
    attested: AttestedDocument,
    *,
    max_age_days: DocumentDays = 180,
    two_people: TwoPeople = False,
) -> Verdict:
    """Every deployed HTTP or WebSocket API has a current document about its routes (attested).

    The attestation becomes void when routes change.
    """
    if not api.stages:
        return not_applicable(f"The API {api.name} has no stage: nobody can call it.")
    if not api.routes:
        return not_applicable(f"The API {api.name} has no routes.")
    return attested.verdict(
        f"The documentation of the API {api.name}",
        max_age_days=max_age_days,
        two_people=two_people,
        bound={"operations": api.digest},
        document_of=api.id,
        routes=list(api.routes),
    )


# -- configuration --------------------------------------------------------------------------------


@development_documentation.rule("Configuration guide", severity=Severity.LOW)
def configuration_guide(
    keys: ConfigurationKeys,
    attested: AttestedDocument,
    *,
    max_age_days: DocumentDays = 180,
    two_people: TwoPeople = False,
    compare_keys: Annotated[
        bool, "Compare the guide with the names of what configures the workload"
    ] = True,
    ignored_keys: Annotated[
        tuple[str, ...],
        "Variables and profiles that need no description (shell patterns of names)",
    ] = (),
) -> Verdict:
    """A guide describes every variable and AppConfig profile that configures a workload.

    The attestation states the names that the guide describes, of profiles as
    appconfig:application/profile. It becomes void when the workload has a new one. Values are not
    read into findings.
    """
    names = [
        name
        for name in keys.names
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in ignored_keys)
    ]
    if not keys.names:
        return not_applicable(
            f"{keys.workload} is configured by no variables and no profiles of AppConfig."
        )
    if not names:
        return not_applicable(
            f"All {plural(len(keys.names), 'key')} of {keys.workload} are ignored (setting"
            " ignored_keys)."
        )
    return attested.verdict(
        f"The configuration guide of {keys.workload}",
        max_age_days=max_age_days,
        two_people=two_people,
        covering={"configuration_keys": names} if compare_keys else None,
        document_of=keys.workload,
        configuration_keys=names,
    )


# -- examples and migration -----------------------------------------------------------------------


@development_documentation.rule("Example code", severity=Severity.LOW)
def example_code(
    parts: WorkloadParts,
    manifests: Manifests,
    attested: AttestedDocument,
    *,
    max_age_days: DocumentDays = 180,
    two_people: TwoPeople = False,
) -> Verdict:
    """Examples exist and ran with the version that is in use (attested).

    The manifest states the version. Without one, examples are valid until they are too old.
    """
    refusal = manifests.refusal(parts.workload)
    if refusal:
        return cannot_tell(refusal)
    manifest = manifests.of(parts.workload)
    version = manifest.version if manifest else ""
    return attested.verdict(
        f"The run of the examples of {parts.workload}",
        max_age_days=max_age_days,
        two_people=two_people,
        bound={"version": version} if version else None,
        document_of=parts.workload,
    )


@development_documentation.rule("Migration guide", severity=Severity.LOW)
def migration_guide(
    parts: WorkloadParts,
    manifests: Manifests,
    attested: AttestedDocument,
    *,
    max_age_days: DocumentDays = 180,
    two_people: TwoPeople = False,
) -> Verdict:
    """A guide leads users over each change of the major version (attested).

    The manifest states the version. A guide is due when its major part changes.
    """
    refusal = manifests.refusal(parts.workload)
    if refusal:
        return cannot_tell(refusal)
    manifest = manifests.of(parts.workload)
    if manifest is None or not manifest.version:
        return not_applicable(
            f"No manifest states a version of {parts.workload}, so that no change of it is seen."
        )
    return migration_verdict(
        parts.workload,
        manifest.version,
        attested,
        max_age_days=max_age_days,
        two_people=two_people,
    )


handler = handler_of(development_documentation)
