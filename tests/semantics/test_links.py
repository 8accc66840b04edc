"""Which links were never filled in."""

import pytest

from readiness.semantics.links import leads_nowhere


@pytest.mark.parametrize(
    "url",
    [
        "https://wiki.corp.dev/runbooks/errors",
        "https://wiki/errors",
        "http://10.0.0.7:8080/errors#restart",
        "https://wiki.corp.dev/todo-service/",
        "https://testing.corp.dev/xx",
        "https://wiki.corp.dev/pages/viewpage.action?pageId=123",
        "https://corp.atlassian.net/wiki/spaces/OPS/pages/1/Queue#%5BinlineExtension%5DRestart",
        "https://corp.atlassian.net/wiki/spaces/OPS/pages/1/Queue#[inlineExtension",
        "https://wiki.corp.dev/runbooks/your-database-is-full",
        "https://wiki.corp.dev/%5BP1%5D-Checkout-down",
        "https://company.atlassian.net/wiki/spaces/OPS",
        "https://my-team.atlassian.net/wiki/spaces/OPS",
        "https://mycompanion.io/runbooks",
        "https://hostname.corp.dev/runbooks",
        "https://wiki_ops.corp.dev/runbooks",
    ],
)
def test_a_link_may_lead_somewhere(url):
    assert not leads_nowhere(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https://[",
        "https://example.com/runbook",
        "https://wiki.example.org/errors",
        "http://localhost:8080/runbook",
        "https://runbooks.invalid/a",
        "https://TODO",
        "https://www.todo/x",
        "https://tbd/runbook",
        "https://your-company.atlassian.net/wiki",
        "https://yourwiki.com/errors",
        "https://my-company.atlassian.net/wiki/spaces/OPS",
        "https://mycompany.pagerduty.com/services",
        "https://wiki.yourcompany.com/errors",
        "https://company-name.atlassian.net/wiki",
        "https://runbooks.my-org.io/errors",
        "https://example.atlassian.net/wiki",
        "https://wiki.examplecorp.com/errors",
        "https://wiki.example.co.uk/errors",
        "https://<company>.atlassian.net/wiki",
        "https://${company}.atlassian.net/wiki",
        "https://%7Bcompany%7D.atlassian.net/wiki",
        "https://wiki.corp.dev/TBD",
        "https://wiki.corp.dev/runbooks/CHANGE_ME",
        "https://wiki.corp.dev/%3Cservice%3E/errors",
        "https://wiki.corp.dev/{service}",
        "https://wiki.corp.dev/runbooks#TODO",
        "https://wiki.corp.dev/XXXX",
        "https://wiki.corp.dev/your-runbook",
        "https://wiki.corp.dev/your_runbook_url",
        "https://wiki.corp.dev/your-link-goes-here",
        "https://wiki.corp.dev/${Service}",
        "https://wiki.corp.dev/$%7BService%7D/errors",
        "https://wiki.corp.dev/[service",
        "https://wiki.corp.dev/[service]/errors",
    ],
)
def test_a_placeholder_leads_nowhere(url):
    assert leads_nowhere(url)
