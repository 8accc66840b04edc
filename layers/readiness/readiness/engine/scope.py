"""Which resources of the account count, by a tag, and which tags name what they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.engine.environment import parameter
from readiness.model.evidence import ACCOUNT
from readiness.model.resource import Resource
from readiness.model.tags import ENVIRONMENT_TAG, OWNER_TAG, WORKLOAD_TAG


@dataclass(frozen=True, slots=True)
class Scope:
    """Which resources count: all, or those with one of ``values`` in the tag ``tag``.

    ``account_environment`` is the environment of the account itself, which has no tags.
    """

    tag: str = ""
    values: frozenset[str] = frozenset()
    globals_too: bool = True
    workload_tag: str = WORKLOAD_TAG
    environment_tag: str = ENVIRONMENT_TAG
    owner_tag: str = OWNER_TAG
    account_environment: str = ""

    @classmethod
    def of(
        cls, tag: str, values: str, *, globals_too: bool, account_environment: str = ""
    ) -> Scope:
        """The scope as the stack's parameters say it; ``values`` has commas between them."""
        wanted = frozenset(value.strip() for value in values.split(",") if value.strip())
        return cls(tag, wanted, globals_too, account_environment=account_environment)

    def environment(self, resource: Resource, tags: Mapping[str, str]) -> str:
        """The environment of a resource: its tag, and for facts of the account what is set."""
        if resource.type == ACCOUNT.name:
            return self.account_environment
        return tags.get(self.environment_tag, "")

    def covers(self, tags: Mapping[str, str]) -> bool:
        """Whether a resource with these tags counts."""
        return not self.tag or tags.get(self.tag, "") in self.values


def scope_from(environment: Mapping[str, str]) -> Scope:
    """The scope as template.yaml's parameters put it into the environment."""
    return Scope.of(
        parameter(environment, "SCOPE_TAG_KEY"),
        parameter(environment, "SCOPE_TAG_VALUES"),
        globals_too=parameter(environment, "EVALUATE_GLOBAL_SERVICES") == "true",
        account_environment=parameter(environment, "ACCOUNT_ENVIRONMENT"),
    )
