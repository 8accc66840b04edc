"""Health check commands: what they can notice."""

from __future__ import annotations

import pytest

from readiness.semantics.health_commands import cannot_fail, has_command, ignores_http_errors


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(("CMD-SHELL", "exit 0"), True, id="exit 0"),
        pytest.param(("CMD-SHELL", "exit"), True, id="exit"),
        pytest.param(("CMD", "true"), True, id="true"),
        pytest.param(("CMD", "/bin/true"), True, id="by its path"),
        pytest.param(("CMD-SHELL", ":"), True, id="colon"),
        pytest.param(("CMD-SHELL", "echo ok"), True, id="echo"),
        pytest.param(("CMD-SHELL", "curl -f localhost || true"), True, id="or true"),
        pytest.param(("CMD-SHELL", "curl -f localhost || exit 0"), True, id="or exit 0"),
        pytest.param(("CMD-SHELL", "curl -f localhost; exit 0"), True, id="then exit 0"),
        pytest.param(("CMD", "sh", "-c", "pgrep app || :"), True, id="in a shell of its own"),
        pytest.param(("CMD", "/bin/sh", "-c", "exit 0"), True, id="in a shell by its path"),
        pytest.param(("sh", "-c", "exit 0"), True, id="in a shell, the words alone"),
        pytest.param(("CMD", "bash", "-x", "exit 0"), False, id="a file of that name"),
        pytest.param(("CMD-SHELL", "curl -f localhost || echo bad"), True, id="or a word"),
        pytest.param(("CMD-SHELL", "sh -c 'curl -f localhost || true'"), True, id="in quotes"),
        pytest.param(("CMD-SHELL", "curl -f localhost | cat"), True, id="into cat"),
        pytest.param(("CMD-SHELL", "curl -f localhost &"), True, id="in the background"),
        pytest.param(("CMD", "sh", "-c", "curl -f x > /dev/null 2>&1 &"), True, id="quietly"),
        pytest.param(("CMD-SHELL", "curl -f x & wait $!"), False, id="waited for"),
        pytest.param(("CMD-SHELL", "curl -f x > /dev/null 2>&1"), False, id="not in it"),
        pytest.param(("CMD-SHELL", "nc -z localhost 80; echo $?"), True, id="says its status"),
        pytest.param(("CMD-SHELL", 'nc -z localhost 80; echo "$?"'), True, id="says it in quotes"),
        pytest.param(("CMD-SHELL", "nc -z x 80; test $? = 0"), False, id="looks at its status"),
        pytest.param(("CMD-SHELL", "curl -f localhost | tee /tmp/log"), True, id="into tee"),
        pytest.param(("CMD-SHELL", "ps aux | grep app || exit 1"), True, id="finds its grep"),
        pytest.param(("CMD-SHELL", "ps -ef | grep -q app"), True, id="finds its quiet grep"),
        pytest.param(("CMD-SHELL", "ps aux | grep [a]pp"), False, id="grep that misses itself"),
        pytest.param(
            ("CMD-SHELL", "ps aux | grep app | grep -v grep"), False, id="without the grep"
        ),
        pytest.param(("CMD-SHELL", "ps aux | grep app | wc -l | grep 2"), False, id="counted"),
        pytest.param(("CMD-SHELL", "ps aux | grep app && curl -f x"), False, id="and more"),
        pytest.param(
            ("CMD", "bash", "-c", "set -o pipefail; curl -f x | cat"), False, id="pipefail"
        ),
        pytest.param(("CMD-SHELL", "curl -f localhost || (echo bad; exit 1)"), False, id="fails"),
        pytest.param(("CMD-SHELL", "curl -f x || echo bad && exit 1"), False, id="says and fails"),
        pytest.param(("CMD-SHELL", "curl -f localhost || exit 1"), False, id="or exit 1"),
        pytest.param(("CMD-SHELL", "echo ok | grep $STATE"), False, id="echo into grep"),
        pytest.param(("CMD-SHELL", "test -f /tmp/true"), False, id="a file called true"),
        pytest.param(("CMD", "/app/health"), False, id="a program"),
        pytest.param((), False, id="none"),
        pytest.param(("CMD-SHELL", "echo ok || exit 1"), True, id="a word that never fails"),
        pytest.param(("CMD-SHELL", "true || exit 1"), True, id="true, or exit 1"),
        pytest.param(("CMD-SHELL", "exit 0 || exit 1"), True, id="exit 0, or exit 1"),
        pytest.param(("CMD-SHELL", "/bin/true && echo ok"), True, id="true, and a word"),
        pytest.param(("CMD-SHELL", "date && uptime || exit 1"), True, id="the time, or exit 1"),
        pytest.param(("CMD", "date"), True, id="the time"),
        pytest.param(("CMD-SHELL", "sleep 5"), True, id="sleep"),
        pytest.param(("CMD-SHELL", "echo a && curl -f x || exit 1"), False, id="a word and curl"),
        pytest.param(("CMD-SHELL", "echo up > /dev/tcp/x/80 || exit 1"), False, id="into a port"),
        pytest.param(("CMD-SHELL", "echo $(curl -f x) || exit 1"), False, id="what curl says"),
        pytest.param(("CMD-SHELL", "id app && pgrep app"), False, id="a user and a process"),
        pytest.param(("CMD", "curl", "-f", "x", "||", "exit", "0"), False, id="no shell"),
        pytest.param(("CMD", "bash", "-ec", "curl -f x || true"), True, id="options of a shell"),
        pytest.param(("CMD-SHELL", "ls / || exit 1"), True, id="what is always there"),
        pytest.param(("CMD-SHELL", "ls /tmp/ready"), False, id="what may be there"),
        pytest.param(("CMD-SHELL", "[ -d / ]"), True, id="a test that holds"),
        pytest.param(("CMD-SHELL", "kill -0 1"), True, id="the first process"),
        pytest.param(("CMD-SHELL", "kill -0 $(cat /run/app.pid)"), False, id="a process"),
        pytest.param(("CMD", "python3", "-c", "import sys; sys.exit(0)"), True, id="python"),
        pytest.param(("CMD-SHELL", "node -e 'process.exit(0)'"), True, id="node"),
        pytest.param(("CMD", "python3", "-c", "exit(check())"), False, id="a check in python"),
        pytest.param(("CMD-SHELL", "timeout 5 true"), True, id="within a time"),
        pytest.param(
            ("CMD-SHELL", "if curl -f x; then exit 0; fi"), True, id="nothing else to do"
        ),
        pytest.param(
            ("CMD-SHELL", "if curl -f x; then exit 0; else exit 1; fi"), False, id="or else"
        ),
        pytest.param(("CMD-SHELL", "if ! curl -f x; then exit 1; fi"), False, id="if not"),
        pytest.param(
            ("CMD-SHELL", "if a; then exit 1; elif b; then exit 0; fi"), False, id="two branches"
        ),
        pytest.param(
            ("CMD-SHELL", "if ! curl -f x; then exit 1; fi; if b; then echo ok; fi"),
            False,
            id="two conditions",
        ),
        pytest.param(("CMD-SHELL", "curl -f x || exit 1; exit 0"), False, id="failed before"),
        pytest.param(("CMD-SHELL", "curl -f x || exit 1; df | tail"), False, id="before a pipe"),
        pytest.param(("CMD-SHELL", "set -e; curl -f x; echo ok"), False, id="set -e"),
        pytest.param(("CMD-SHELL", "set -e; curl -f x || true"), True, id="set -e, or true"),
        pytest.param(("CMD", "sh", "-ec", "curl -f x; exit 0"), False, id="sh -e"),
        pytest.param(
            ("CMD-SHELL", "echo ok || exit 1; curl -f x || exit 1"), False, id="and then curl"
        ),
    ],
)
def test_what_cannot_fail(command, expected):
    assert cannot_fail(command) is expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("curl http://localhost/", True, id="plain"),
        pytest.param("curl -s http://localhost/ || exit 1", True, id="silent"),
        pytest.param("curl -f http://localhost/", False, id="-f"),
        pytest.param("curl -sf http://localhost/", False, id="among others"),
        pytest.param("curl --silent --fail http://localhost/", False, id="--fail"),
        pytest.param("curl --fail-early http://localhost/", True, id="--fail-early is another"),
        pytest.param("curl --fail-with-body http://localhost/", False, id="--fail-with-body"),
        pytest.param("curl -s http://localhost/ | grep ok", False, id="grep looks at it"),
        pytest.param("test $(curl -o /dev/null -w '%{http_code}' x) = 200", False, id="its code"),
        pytest.param("wget -q --spider http://localhost/", False, id="wget fails by itself"),
    ],
)
def test_curl_that_takes_errors_for_success(line, expected):
    assert ignores_http_errors(("CMD-SHELL", line)) is expected


def test_none_switches_a_check_off():
    assert not has_command(("NONE",))
    assert not has_command(())
    assert has_command(("CMD", "true"))
