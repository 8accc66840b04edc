"""Credentials inside commands, scripts, build specifications and documents."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.semantics.credential_text import (
    suspects_in_command,
    suspects_in_document,
    suspects_in_specification,
    suspects_in_text,
    suspects_in_value,
)
from readiness.semantics.credentials import Certainty

NAME, COMMAND = "secret by its name", "password of a command"


def b64(text):
    return base64.b64encode(text.encode()).decode()


REPORTED = [
    ("export DB_PASSWORD=hunter2 && run", NAME),
    ("DB_PASSWORD='hunter 2' run", NAME),
    ("DB_PASSWORD='$ecret' run", NAME),
    ('set -e\nexport API_TOKEN="abc123"\n', NAME),
    ("docker run -e DB_PASSWORD=hunter2 app", NAME),
    ("docker build --build-arg NPM_TOKEN=abc123 .", NAME),
    ("kubectl create secret generic db --from-literal=password=hunter2", NAME),
    ("./run --password hunter2", NAME),
    ("./run --db-password=hunter2", NAME),
    ("java -Dspring.datasource.password=hunter2 -jar app.jar", NAME),
    ("mysql -uroot --password=hunter2", NAME),
    ("mysql -u root -phunter2 db", COMMAND),
    ("sshpass -p hunter2 ssh a@b", COMMAND),
    ("redis-cli -h cache -a hunter2 ping", COMMAND),
    ("docker login -u a -p hunter2 registry", COMMAND),
    ("echo hunter2 | docker login -u a --password-stdin", COMMAND),
    ("curl -u admin:hunter2 https://example.com", COMMAND),
    ("curl --user 'admin:hunter2' https://example.com", COMMAND),
    ("echo 'ec2-user:hunter2' | chpasswd", COMMAND),
    ("aws configure set aws_secret_access_key abcDEF123", COMMAND),
    ("net user admin Hunter2! /add", COMMAND),
    ("$p = ConvertTo-SecureString 'Hunter2' -AsPlainText -Force", COMMAND),
    ('$password = "Hunter2"', NAME),
    ("[default]\naws_secret_access_key = abcdef123\n", NAME),
    ("curl -H 'X-Api-Key: abc123' https://example.com", NAME),
    ("curl -H 'Authorization: Bearer abc123DEF456' https://example.com", "Bearer token"),
    ("curl https://example.com/?api_key=abc123DEF", "key in a query string"),
    ("psql postgres://a:hunter2@db/x", "password in a URL"),
    ("aws s3 cp x s3://b # AKIA" + "Q" * 16, "AWS access key id"),
    ("cat > k.pem <<EOF\n-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE\nEOF", "private key"),
    ("env: {variables: {STAGE: prod, DB_PASSWORD: hunter2}}", NAME),
    ('env: {variables: {"API_TOKEN": "abc"}}', NAME),
    ("#cloud-config\nchpasswd:\n  expire: false\n  list: |\n    root:hunter2\n", COMMAND),
    ("#cloud-config\npassword: hunter2\nssh_pwauth: true\n", NAME),
    (
        "#cloud-config\nwrite_files:\n- encoding: b64\n  content: "
        + b64("[client]\nuser = root\ndb_password = hunter2\n"),
        NAME,
    ),
    (
        "echo ECS_ENGINE_AUTH_DATA='" + json.dumps({"x": {"password": "hunter2"}}) + "' >> f",
        "secret in JSON",
    ),
]

LEFT_ALONE = [
    "",
    "export DB_PASSWORD=$(aws secretsmanager get-secret-value --secret-id prod/db)",
    'export DB_PASSWORD="$(aws ssm get-parameter --name /prod/db --with-decryption)"',
    "DB_PASSWORD=`get-password`; run",
    "export DB_PASSWORD=${PASSWORD}; export TOKEN=$token",
    'export DB_PASSWORD="${DB_PASSWORD:?}"',
    "read -s PASSWORD",
    "PASSWORD=\nread PASSWORD",
    'if [ "$PASSWORD" == "x" ]; then exit 1; fi',
    "mysql -u root -p$PW db",
    'mysql -u root -p"${PW}" db',
    "mysql -u root -p db",
    "mysql --port 3306 -P 3306 -h db",
    "mkdir -p /opt/app",
    "curl -u $USER:$PASS https://example.com",
    'curl -H "Authorization: Bearer ${TOKEN}" https://example.com',
    "curl -f http://localhost:8080/health || exit 1",
    "aws ecr get-login-password | docker login --username AWS --password-stdin registry",
    "echo $PW | docker login -u a --password-stdin",
    "echo ECS_CLUSTER=main >> /etc/ecs/ecs.config",
    "TOKEN=$(curl -X PUT http://169.254.169.254/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60')",
    'curl -H "X-aws-ec2-metadata-token: $TOKEN" http://169.254.169.254/latest/meta-data/',
    "/opt/aws/bin/cfn-signal -e $? --stack orders --resource AutoScalingGroupC0FFEE12",
    "openssl rand -base64 32 > /secrets/token",
    "./run --token-file /run/token --secret-id prod/db --password-file pw --token-ttl 30",
    "./run --secret prod/db/creds --tokens 4096",
    "password = os.environ['DB_PASSWORD']\ntoken = response.token\n",
    "password = getpass()",
    "jq '{password: .password, token: $token}'",
    "#cloud-config\nchpasswd:\n  list: |\n    root:RANDOM\n",
    "#cloud-config\nusers:\n- name: app\n  passwd: $6$rounds=4096$abcdefgh$" + "a1B2" * 20 + "\n",
    "docker build --secret id=npm,env=NPM_TOKEN .",
    'sed -i "s/__TOKEN__/${TOKEN}/" /etc/app.conf',
    "sed -i 's/PasswordAuthentication yes/PasswordAuthentication no/' /etc/ssh/sshd_config",
    "git clone https://x-access-token:${GITHUB_TOKEN}@github.com/example/orders.git",
    'mysqldump -h db -u app -p"$(cat /run/secret)" orders',
    "$password = ($secret.SecretString | ConvertFrom-Json).password",
    "ConvertTo-SecureString $password -AsPlainText -Force",
    "#cloud-config\nchpasswd: { expire: false }\nssh_authorized_keys:\n- ssh-rsa AAAAB3NzaC1yc2E= me\n",
    b64("#!/bin/bash\necho a harmless script of some length\n"),
    "git clone https://github.com/example/orders.git && git checkout 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
]


@pytest.mark.parametrize(("text", "detector"), REPORTED)
def test_a_credential_in_a_text_is_reported(text, detector):
    found = suspects_in_text("agent/command", text)
    assert detector in {each.detector for each in found}, found
    assert {each.name for each in found} == {"agent/command"}


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_a_text_without_a_credential_is_left_alone(text):
    assert suspects_in_text("agent/command", text) == []


@pytest.mark.parametrize(
    ("command", "detectors"),
    [
        pytest.param(["run", "--password", "hunter2"], {NAME}, id="option and value apart"),
        pytest.param(["run", "--password", "hunter 2"], {NAME}, id="a value with a space"),
        pytest.param(["run", "--password=hunter2"], {NAME}, id="option and value in one"),
        pytest.param(["run", "--password", "$Tr0ub4dor"], {NAME}, id="no shell, no variable"),
        pytest.param(["sh", "-c", "export DB_PASSWORD=hunter2 && run"], {NAME}, id="a script"),
        pytest.param(["run", "--password", "${PASSWORD}"], set(), id="a reference"),
        pytest.param(["sh", "-c", "run --password $PASSWORD"], set(), id="a variable"),
        pytest.param(["curl", "-H", "X-Api-Key: abc123", "url"], {NAME}, id="a header"),
        pytest.param(["curl", "-H", "X-Api-Key: ${KEY}", "url"], set(), id="a header's variable"),
        pytest.param(["curl", "-u", "a:hunter2", "url"], {COMMAND}, id="a login"),
        pytest.param(["run", "--password", ""], set(), id="no value"),
        pytest.param(["run", "--token-file", "/run/t"], set(), id="a file"),
        pytest.param([], set(), id="nothing"),
    ],
)
def test_a_command_in_words(command, detectors):
    assert {each.detector for each in suspects_in_command("x", command)} == detectors


SPECIFICATION = """\
version: 0.2
env:
  variables:
    STAGE: prod
    {variable}
  secrets-manager:
    API_KEY: prod-api
    DB_PASSWORD: prod-db:password
  parameter-store:
    NPM_TOKEN: npm-token
phases:
  build:
    commands:
      - {command}
"""


@pytest.mark.parametrize(
    ("variable", "command", "found"),
    [
        ("REGION: eu-west-1", "make", False),
        ("DB_PASSWORD: hunter2", "make", True),
        ("REGION: eu-west-1", "docker login -u a -p hunter2", True),
        ("REGION: eu-west-1", "npm config set //registry/:_authToken=$NPM_TOKEN", False),
        ("REGION: eu-west-1", "npm config set //registry/:_authToken=abc123", True),
    ],
)
def test_a_build_specification(variable, command, found):
    text = SPECIFICATION.format(variable=variable, command=command)
    assert bool(suspects_in_specification("buildspec", text)) is found


REFERENCES = """\
version: 0.2
env:
  secrets-manager:
    API_KEY: prod-api

    DB_PASSWORD: prod-db:password
"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(REFERENCES, id="as AWS documents it"),
        pytest.param(REFERENCES.replace("ger:", "ger:  # no values here"), id="a comment behind"),
        pytest.param(REFERENCES.replace("\n\n", "\n# the database\n"), id="a comment between"),
        pytest.param(REFERENCES.replace("secrets-manager", '"secrets-manager"'), id="in quotes"),
        pytest.param(REFERENCES.replace("secrets-manager", "parameter-store"), id="parameters"),
        pytest.param(
            'env:\n  secrets-manager: {API_KEY: "prod-api-2", DB_PASSWORD: db:v1}\n', id="braces"
        ),
        pytest.param(
            'env: {secrets-manager: {\nAPI_KEY: "prod-api-2",\n  DB_TOKEN: "db:v1"\n}}\n',
            id="braces over lines",
        ),
    ],
)
def test_what_names_the_place_of_a_secret_is_none(text):
    assert suspects_in_specification("buildspec", text) == []
    for after in ("  variables:\n    DB_PASSWORD: hunter2\n", "DB_PASSWORD: hunter2\n"):
        [found] = suspects_in_specification("buildspec", text + after)
        assert found.length == "under 8 characters"


def test_a_list_of_exported_variables_is_over_at_the_next_name():
    text = "env:\n  exported-variables:\n    - API_KEY\n    - TAG\n  DB_PASSWORD: hunter2\n"
    assert len(suspects_in_specification("buildspec", text)) == 1


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({"variables": {"DB_PASSWORD": "hunter2"}}, ["buildspec/env/variables/DB_PASSWORD"]),
        ({"secrets-manager": {"DB_PASSWORD": "prod-db"}}, []),
        ({"parameter-store": {"DB_PASSWORD": "db"}, "variables": {"STAGE": "prod"}}, []),
    ],
)
def test_a_build_specification_in_json(env, names):
    text = json.dumps({"version": 0.2, "env": env})
    assert [each.name for each in suspects_in_specification("buildspec", text)] == names


@pytest.mark.parametrize(
    ("document", "names"),
    [
        pytest.param({"Headers": {"X-Api-Key": "abc123"}}, ["Headers/X-Api-Key"], id="a key"),
        pytest.param(
            {"Environment": [{"Name": "DB_PASSWORD", "Value": "hunter2"}]},
            ["Environment/DB_PASSWORD"],
            id="a variable",
        ),
        pytest.param({"Command": ["run", "--password", "hunter2"]}, ["Command"], id="a command"),
        pytest.param({"commands": ["mysql -phunter2 -u a"]}, ["commands"], id="a script"),
        pytest.param({"Count": 5, "On": True, "Token": None}, [], id="no text"),
        pytest.param({"Password.$": "$.password", "Token": "$$.Task.Token"}, [], id="paths"),
        pytest.param({"Password": "{% $secret %}"}, [], id="JSONata"),
        pytest.param(
            {"password.$": "States.StringToJson($.SecretString).password"}, [], id="a function"
        ),
        pytest.param({"SecretId": "prod/db", "ClientRequestToken": "a-b"}, [], id="a name"),
        pytest.param([{"Password": "hunter2"}], ["Password"], id="in a list"),
    ],
)
def test_a_document(document, names):
    assert [each.name for each in suspects_in_document(document)] == names


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("STAGE=prod\nDB_PASSWORD=hunter2\n", True),
        ("-Ddb.password=hunter2", True),
        (b64("STAGE=prod\nDB_PASSWORD=hunter2\n"), True),
        (b64("STAGE=prod\nLOG_LEVEL=debug\n"), False),
        ("api-key=abc123", True),
        ("x-team=orders,api-key=abc123", True),
        ("page_token=abc,api-key=${API_KEY}", False),
        ("https://example.com/cb?token_use=access&session_token={token}", False),
        ("-Xmx1g -Ddb.password=hunter2", True),
        ("-Xmx1g -Ddb.password=${DB_PASSWORD}", False),
        ("STAGE=prod\nLOG=debug\n", False),
        ("the quick brown fox", False),
    ],
)
def test_a_variable_that_holds_options_or_a_file(value, found):
    assert bool(suspects_in_value("OPTIONS", value)) is found


def test_a_place_and_a_name_may_be_excused():
    text = "export OLD_PASSWORD=hunter2"
    assert suspects_in_text("agent/command", text, ignore=("*/command",)) == []
    assert suspects_in_text("agent/command", text, ignore=("OLD_*",)) == []
    assert suspects_in_text("agent/command", text, ignore=("NEW_*",))


@given(st.text("qzjkv79!", min_size=4, max_size=40))
def test_nothing_of_the_text_comes_out(value):
    found = suspects_in_text("place", f"export DB_PASSWORD='{value}'; run --token {value}")
    assert all(value not in f"{each.name} {each.detector} {each.length}" for each in found)
    assert all(each.name == "place" for each in found)


@pytest.mark.parametrize(
    "piece", ["a ", "mysql ", "curl ", "--a ", "a=", "echo ", '"', "$(", "a:"]
)
def test_a_long_text_takes_no_long_time(piece):
    """Linear, so that 64 KiB are read at once."""
    assert all(
        each.certainty is not Certainty.SHAPED for each in suspects_in_text("x", piece * 20000)
    )


@pytest.mark.parametrize(
    "text",
    [
        "mongosh -u app -p Zx81Qw9 --host db",
        "az login --service-principal -u app -p Zx81Qw9 --tenant t",
        "twine upload -u app -p Zx81Qw9 dist/*",
        "sqlcmd -S db -U sa -P Zx81Qw9",
        "ldapsearch -D cn=app -w Zx81Qw9",
        "htpasswd -b users app Zx81Qw9",
        "openssl enc -aes-256-cbc -k Zx81Qw9 -in x",
        "mc alias set store https://store app Zx81Qw9",
        "http -a app:Zx81Qw9 https://x",
        "smbclient //files/x -U app%Zx81Qw9",
        "rabbitmqctl add_user app Zx81Qw9",
        "machine git.example.com login app password Zx81Qw9",
        "CREATE USER app WITH PASSWORD 'Zx81Qw9';",
        "ALTER USER app IDENTIFIED BY 'Zx81Qw9';",
        "<password>Zx81Qw9</password>",
        '<add key="DbPassword" value="Zx81Qw9"/>',
        "$env:DB_PASSWORD = 'Zx81Qw9'",
        "ENV DB_PASSWORD Zx81Qw9",
        "-Headers @{'x-api-key'='Zx81Qw9b3'}",
    ],
)
def test_other_programs_and_languages_that_take_a_password(text):
    assert suspects_in_text("p", text)


@pytest.mark.parametrize(
    "text",
    [
        'mongosh -u app -p "$DB_PASSWORD" --host db',
        "mongosh -u app -p --host db",
        "sqlcmd -S db -U sa -P $(DB_PASSWORD)",
        'ldapsearch -D cn=app -w "$PW"',
        "ldapsearch -D cn=app -W",
        'htpasswd -b users app "$PW"',
        "mc alias set store https://store $KEY $SECRET",
        "CREATE USER app WITH PASSWORD '${DB_PASSWORD}';",
        "<password>${db.password}</password>",
        "password: ${db.password}",
        'password: "${db.password}"',
        "<passwordPolicy>strong</passwordPolicy>",
        '<add key="DbPassword" value="{{db_password}}"/>',
        "$env:DB_PASSWORD = '${secret}'",
        "ENV DB_PASSWORD $DB_PASSWORD",
        "ARG DB_PASSWORD",
        "PASSWORD=${PASSWORD:?missing}",
        "PASSWORD=${PASSWORD:+set}",
    ],
)
def test_other_programs_that_are_told_where_it_is(text):
    assert suspects_in_text("p", text) == []
