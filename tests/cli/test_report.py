"""`readiness report`: one page that loads nothing, counts honestly and takes no hostile value."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from readiness.engine.declarations import attestation_item
from readiness.engine.rows import transition_item
from readiness.engine.waivers import waiver_item
from readiness.model.attestation import Attestation, Scope
from readiness.model.transition import Kind, Transition
from readiness.model.verdict import Severity, Status
from readiness.model.waiver import Waiver
from readiness_cli.boxes import boxes_of
from readiness_cli.readout import Row
from readiness_cli.report import page
from readiness_cli.report.gathered import Gathered, trend
from tests.cli import toy
from tests.cli.test_status import MOTO, NOW, finding, ids, stored  # noqa: F401

HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror=y>\"'&{{7*7}}\x1b[31m\u202e`|@all [a](b)"
VOID = {"meta", "br", "img", "link", "input", "hr", "rect", "polygon", "polyline", "line"}


class Page(HTMLParser):
    """The page as a tree of tags with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text, self.wrong = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def wrong(rule, name="data", **more):
    return finding(rule, name, Status.NON_COMPLIANT, expected="Set it right.", **more)


def a_waiver(**more):
    said = {
        "id": "w1",
        "rule": "encryption.s3-kms",
        "resource": "data",
        "reason": "Until the move.",
        "owner": "team@example.com",
        "until": NOW + timedelta(days=20),
        "declared_at": NOW - timedelta(days=1),
        "by": "AIDA1",
    }
    return Waiver(**{**said, **more})


def a_statement(**more):
    said = {
        "id": "a1",
        "rule": "encryption.attested",
        "scope": Scope(MOTO),
        "statement": "It was restored.",
        "performed_at": NOW - timedelta(days=3),
        "declared_at": NOW - timedelta(days=2),
        "owner": "team@example.com",
        "attester": "AIDA1",
        "attester_id": "AIDA1",
    }
    return Attestation(**{**said, **more})


@pytest.fixture
def put(account, stack):
    """Put rows into the tables of the stack."""
    client = account.client("dynamodb")

    def to(table, item):
        client.put_item(TableName=stack[f"{table}Table"], Item=item)

    return to


def html(run, *args):
    said = run("report", *args)
    assert said.exit_code == 0, said.output
    return said.stdout


def test_what_fails_stands_with_fix_and_runbook(run, stored, ids):  # noqa: F811
    stored(wrong(ids[0], reason="It is open."))
    text = html(run)
    shown = " ".join(Page(text).text)
    for said in (
        "It is open.",
        "Set it right.",
        "Fix:",
        f"readiness explain {ids[0]} --fix",
        "Should be:",
    ):
        assert said in shown
    assert f"{wrong(ids[0]).id}" in shown


def test_each_resource_has_its_own_fix_where_they_differ(run, stored, ids):  # noqa: F811
    stored(wrong(ids[0], "a"), wrong(ids[0], "b"))
    assert Page(html(run)).text.count("Fix:") == 1
    stored(wrong(ids[0], "c").but(expected="Turn it off."))
    shown = " ".join(Page(html(run)).text)
    assert shown.count("Fix:") == 3
    assert "Turn it off." in shown
    assert shown.count("Set it right.") == 2


def test_the_page_loads_nothing_and_is_well_formed(run, stored, ids):  # noqa: F811
    stored(wrong(ids[0]))
    text = html(run)
    made = Page(text)
    assert not made.wrong
    assert not made.open
    assert not {tag for tag, _ in made.tags} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "form",
    }
    for _, attributes in made.tags:
        assert not [
            name for name in attributes if name.startswith("on") or name in {"src", "style"}
        ]
        href = attributes.get("href", "#")
        assert href.startswith(("#", "https://")), href
    assert "url(" not in text
    assert "@import" not in text
    [policy] = [
        a["content"] for t, a in made.tags if a.get("http-equiv") == "Content-Security-Policy"
    ]
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")


def test_headings_landmarks_and_table_heads(run, stored, ids):  # noqa: F811
    stored(wrong(ids[0]), finding(ids[0], "dark", Status.INSUFFICIENT_DATA))
    made = Page(html(run))
    levels = [int(tag[1]) for tag, _ in made.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    tags = [tag for tag, _ in made.tags]
    assert {"header", "main", "nav", "footer"} <= set(tags)
    assert all(a.get("scope") in {"col", "row"} for t, a in made.tags if t == "th")
    pictures = [a for t, a in made.tags if t == "svg"]
    assert pictures
    assert all(a.get("aria-label") or a.get("aria-hidden") for a in pictures)
    named = {a["id"] for _, a in made.tags if "id" in a}
    assert {a["href"][1:] for t, a in made.tags if t == "a" and a["href"][0] == "#"} <= named


def test_no_value_acts(run, stored, put, ids):  # noqa: F811
    hostile = {"reason": HOSTILE, "expected": HOSTILE, "owner": HOSTILE, "workload": HOSTILE}
    row = finding(ids[0], "x/" + HOSTILE, Status.NON_COMPLIANT, **hostile)
    waived = wrong(
        ids[0], "w", waived_until=NOW + timedelta(days=1), waiver="w1", waived_because=HOSTILE,
        waiver_owner=HOSTILE,
    )  # fmt: skip
    stored(row, waived, finding(ids[0], "dark", Status.INSUFFICIENT_DATA, reason=HOSTILE))
    put("Declarations", waiver_item(a_waiver(reason=HOSTILE, owner=HOSTILE, resource=HOSTILE)))
    text = html(run)
    made = Page(text)
    assert "script" not in {tag for tag, _ in made.tags}
    assert "img" not in {tag for tag, _ in made.tags}
    assert not made.wrong
    assert "{{7*7}}" in " ".join(made.text)
    assert "\x1b" not in text
    assert "\u202e" not in text
    told = html(run, "-o", "md")
    body = (
        told.replace("<details><summary>", "").replace("</summary>", "").replace("</details>", "")
    )
    assert "<" not in body
    assert "@all" not in told
    assert "](b)" not in told
    assert "\u202e" not in told
    cells = [
        line
        for line in told.splitlines()
        if line.startswith(("| CRIT", "| HIGH", "| MED", "| LOW"))
    ]
    assert cells
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 6 for line in cells)


def test_the_unknown_is_counted_and_not_passed(run, stored, ids):  # noqa: F811
    stored(
        finding(ids[0], "dark", Status.INSUFFICIENT_DATA, reason="s3:GetX was denied."),
        unseen={ids[1]},
        failed=["encryption"],
        sweep=None,
    )
    shown = " ".join(" ".join(Page(html(run)).text).split())
    assert "s3:GetX was denied." in shown
    assert "Rules without any verdict: 1 (nothing in scope" in shown
    assert "No sweep has ended yet" in shown
    assert "Nothing fails that is known ; 2 things are unknown" in shown.replace(
        "known;", "known ;"
    )
    told = html(run, "-o", "md")
    assert "No sweep has ended yet" in told
    assert "1 unknown" in told


def test_what_is_waived_is_told_with_its_dates_and_fails_nothing(run, stored, put, ids):  # noqa: F811
    until = NOW + timedelta(days=20)
    stored(wrong(ids[0], waived_until=until, waiver="w1", waiver_owner="team"))
    put("Declarations", waiver_item(a_waiver()))
    shown = " ".join(Page(html(run)).text)
    assert "Until the move." in shown
    assert f"{until:%Y-%m-%d}" in shown
    assert "Set it right." not in shown
    assert f"in force until {until:%Y-%m-%d}, 1 findings" in html(run, "-o", "md")


def gathered_of(rows, **more):
    """A report's content with these findings and nothing else."""
    said = {
        "stack": "readiness",
        "account": MOTO,
        "region": "us-east-1",
        "now": NOW,
        "swept": NOW,
        "boxes": boxes_of(toy.encryption, [], ()),
        "details": {},
        "days": trend([], len(rows), NOW, 30),
        "attestations": (),
        "waivers": (),
    }
    return Gathered(rows=rows, **{**said, **more})


@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
def test_two_thousand_findings_stay_below_400_kb(ids, long):  # noqa: F811
    rows = [
        Row(
            ids[n % len(ids)],
            f"{MOTO}/us-east-1/AWS::S3::Bucket/{'n' * (200 if long else 20)}-{n}",
            Status.NON_COMPLIANT,
            list(Severity)[n % 5],
            reason=f"Number {n} " + ("& is wrong " * (80 if long else 3)),
            since=NOW,
            first_seen=NOW,
        )
        for n in range(2000)
    ]
    made = gathered_of(rows)
    text = page.html(made, "docs/runbooks")
    assert len(text.encode()) < page.MOST_BYTES
    listed = len(re.findall(r"[0-9a-f]{12} \d{4}-\d\d-\d\d", text))
    left = sum(
        map(int, re.findall(r"and (\d+) more: <code>readiness findings --open --rule", text))
    )
    assert listed + left == 2000
    assert long or listed == 2000
    assert len(page.markdown(made, "docs/runbooks")) <= page.MOST_MARKDOWN + 100


def _luminance(colour):
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_text_has_a_contrast_of_at_least_4_5():
    style = (page.HERE / "page.css").read_text()
    schemes = re.findall(r":root\{([^}]*)\}", style)
    assert len(schemes) == 3  # light, dark and print
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+):(#\w+)", scheme))
        for ground in (colours["bg"], colours["soft"]):
            for name in ("fg", "dim", "link", "failing", "unknown", "passed", "crit"):
                pair = sorted((_luminance(colours[name]), _luminance(ground)))
                assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (name, ground)


def test_a_status_is_never_broken_within_its_word():
    """Anything else may be, also names without a blank: a printed page has no scroll bar."""
    style = (page.HERE / "page.css").read_text()
    of_status = re.findall(r"(?m)^\.s\{([^}]*)\}", style)
    assert [("white-space:nowrap" in each) for each in of_status] == [True]


def test_a_workload_that_nothing_has_is_refused(run, stored, ids):  # noqa: F811
    stored(wrong(ids[0], workload="shop"))
    assert "shop" in html(run, "--workload", "shop")
    said = run("report", "--workload", "shap")
    assert said.exit_code == 2
    assert "no resource has the workload 'shap'" in said.stderr.lower()


def test_it_is_written_to_a_file(run, stored, ids, tmp_path):  # noqa: F811
    stored(wrong(ids[0]))
    said = run("report", "--file", str(tmp_path / "r.html"))
    assert said.stdout == ""
    assert "1 failing, 0 unknown, 0 waived" in said.stderr
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")
    assert run("report", "--file", str(tmp_path / "no" / "r.html")).exit_code == 4


def move(kind, at, status, old="", **more):
    return {"at": at.isoformat(), "kind": kind, "status": status, "old_status": old, **more}


def test_the_trend_goes_back_from_what_fails_now():
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    day = timedelta(days=1)
    wrong_, fine = "NON_COMPLIANT", "COMPLIANT"
    moves = [
        move("OPENED", noon, wrong_),
        move("OPENED", noon - day, wrong_, fine),
        move("RESOLVED", noon - day, fine, wrong_),
        move("RESOLVED", noon - day, fine, wrong_),
        move("WAIVED", noon, wrong_, wrong_, waived_until="2026-12-01"),
        move("WAIVER_EXPIRED", noon - 2 * day, wrong_, wrong_, was_waived="yes"),
        move("ESCALATED", noon, wrong_, wrong_),
        move("RESOLVED", noon, fine, wrong_, was_waived="yes"),
        {"at": "newest", "kind": "x"},
    ]
    days = trend(moves, 5, noon, 4)
    assert [(each.opened, each.closed, each.failing) for each in days] == [
        (0, 0, 5),
        (1, 0, 6),
        (1, 2, 5),
        (1, 1, 5),
    ]


def test_transitions_of_the_table_make_the_trend(run, stored, put, ids):  # noqa: F811
    row = wrong(ids[0])
    stored(row)
    at = NOW - timedelta(days=2)
    put("Transitions", transition_item(Transition(Kind.OPENED, row, at)))
    assert "0 findings failed 30 days ago, 1 fail now; 1 opened and 0 closed" in html(run)


def test_attestations_stand_with_their_dates(run, stored, put, ids, monkeypatch):  # noqa: F811
    from readiness_cli.report import gathered

    monkeypatch.setattr(gathered, "is_attestable", lambda rule: rule.id == ids[0])
    stored()
    put(
        "Declarations",
        attestation_item(a_statement(rule=ids[0], expires_at=NOW + timedelta(days=9))),
    )
    shown = " ".join(Page(html(run)).text)
    assert "It was restored." in shown
    assert f"{NOW + timedelta(days=9):%Y-%m-%d}" in shown
    assert "in force" in shown
