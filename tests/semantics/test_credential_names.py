"""What a variable's name says: a secret, something about one, a key, a login, or neither."""

from __future__ import annotations

import pytest

from readiness.semantics.credential_names import (
    is_a_name_or_secret,
    is_a_password,
    is_a_secret,
    is_an_id,
    is_of_a_browser,
    is_of_a_login,
    is_public,
    is_the_field,
    is_the_secret_itself,
    may_be_a_secret,
    names_a_key,
    names_a_secret,
    points_at_a_secret,
    words,
    words_of,
)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("DB_PASSWORD", ["db", "password"]),
        ("dbPassword", ["db", "password"]),
        ("DBPassword", ["db", "password"]),
        ("/prod/db-password", ["prod", "db", "password"]),
        ("apiKey2", ["api", "key", "2"]),
        ("", []),
        ("_-_", []),
    ],
)
def test_the_words_of_a_name(name, found):
    assert words(name) == found


def test_a_list_of_words_is_written_as_one_text():
    assert words_of("a b  c") == {"a", "b", "c"}


SECRETS = [
    "USER_PASSWORD",
    "DATABASE_PASSWORD",
    "DB_PASSWD",
    "MYSQLPASSWD",
    "AUTHTOKENS",
    "GITHUBTOKEN",
    "GITHUB_PAT",
    "SECRET_PAT",
    "TOKEN_CLIENT",
    "APPROLE_SECRET_ID",
    "VAULT_SECRET_ID",
    "MY_APPROLE_ROLE_SECRET",
    "PUBLIC_SECRET",
    "PUBLIC_SECRETS",
    "PUBLIC_PASSWORD",
    "SECRET_KEY",
    "SECRET_KEYS",
    "API_KEYS",
    "PRIVATE_KEY",
    "ACCESS_KEY",
    "AUTH_KEY",
    "MASTER_KEY",
    "PGPASSWORD",
    "dbpass",
    "DB_PW",
    "CREDS",
    "clientCredential",
    "APP_SECRET_VALUE",
    "SECRETS_MANAGER_API_KEY",
]
ABOUT = [
    "VAULT_SECRET_PATH",
    "APPROLE_SECRET_PATH",
    "/cdk/exports/OrdersDbSecret",
    "/cdk-bootstrap/hnb659fds/secret",
    "PASSWORD_JSON_KEY",
    "DB_SECRET_USERNAME_KEY",
    "DB_PASSWORD_KEY",
    "SECRET_STRING_KEY",
    "MAX_TOKENS",
    "CONTINUATION_TOKEN",
    "CSRF_TOKENS",
    "NEXT_TOKEN",
    "ENCRYPTED_PASSWORD",
    "KMS_SECRET",
    "SECRET_ARN",
    "PASSWORD_POLICY",
    "TOKEN_TTL",
    "TOKEN_COMMAND",
    "ClusterGetTokenCommand06AE992E",
    "SECRET_ROTATION_DAYS",
    "PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS",
    "SECRETS_EXTENSION_HTTP",
    "LAMBDA_SECRETS_MODE",
]
NEITHER = [
    "PAT",
    "STAGE",
    "COMPASS",
    "BYPASS",
    "PASS_THROUGH",
    "underpass",
    "PASSWORDLESS",
    "secretary",
    "chpasswd",
    "SURPASS",
    "KEY",
    "KEYS",
    "STRIPE_PUBLIC_KEY",
    "PUBLIC_TOKEN",
    "ANON_TOKEN",
]


@pytest.mark.parametrize("name", SECRETS)
def test_a_name_of_a_secret(name):
    assert is_a_secret(name)


@pytest.mark.parametrize("name", ABOUT)
def test_a_name_that_says_something_about_a_secret(name):
    assert points_at_a_secret(name)
    assert not is_a_secret(name)


@pytest.mark.parametrize("name", NEITHER)
def test_a_name_that_says_neither(name):
    assert not is_a_secret(name)


def test_a_name_without_a_secret_points_at_none_unless_its_noun_does():
    assert points_at_a_secret("TABLE_NAME")
    assert not points_at_a_secret("ORDERS")
    assert not points_at_a_secret("")
    assert not names_a_secret("")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("DB_PASSWORD", True),
        ("JWT_SECRET", True),
        ("DB_PASSWORDS", True),
        ("ADMIN_PASS", True),
        ("SECRET_PAT", False),
        ("API_TOKEN", False),
        ("SECRET_KEY", False),
        ("PASSWORD_POLICY", False),
        ("STAGE", False),
    ],
)
def test_what_people_choose(name, answer):
    assert is_a_password(name) is answer


@pytest.mark.parametrize(
    ("test", "yes", "no"),
    [
        pytest.param(
            is_a_name_or_secret,
            "DB_SECRET DB_SECRETS DB_CREDENTIAL CREDENTIALS DB_CRED DB_CREDS DBSECRET",
            "DB_PASSWORD API_KEY TOKEN SECRET_TOKEN STAGE",
            id="its value may be a secret's name",
        ),
        pytest.param(
            is_the_secret_itself, "JWT_SECRET CLIENT_SECRET", "DB_SECRET SECRET", id="itself"
        ),
        pytest.param(
            names_a_key,
            "JWT_KEY ORDERS_SESSION_KEY LICENSE_KEY",
            "KEY JWT PARTITION_KEY KEY_JWT JWT_KEY_ID KEY_COOKIE",
            id="a key, though often called by a name",
        ),
        pytest.param(
            may_be_a_secret,
            "/app/signing-key /app/signing-key-v2 HMAC_KEY /jwt/signing/keys ed25519-key /tls/server.key"
            " /tls/private.pem /deploy/id_rsa /vpn/pre-shared-key /wifi/psk /db/connection-string"
            " dbConnectionString /cookie/key/current /k8s/kubeconfig /mfa/otp-seed /prod/jwt /db/dsn"
            " /svc/service-account-json /openai/key /datadog/app-key /slack/webhook-url /slack/webhook"
            " DATABASE_URL /app/mongodb-uri /mq/amqp-url /mail/smtp-url /azure/sas-url /s3/presigned-url"
            " /db/connstr /db/conn-string /ci/npmrc /k8s/dockerconfigjson /krb/http.keytab /tls/client.p12"
            " /kafka/keystore /mfa/recovery-codes /snmp/community-string /wallet/seed /wg/wireguard-key"
            " /gcp/sa-key /azure/storage-account-key /app/crypto-key /mtls/client.key /github/key"
            " /app/hmac /ssh/private /pgp/private /mfa/totp-uri /mfa/otpauth-uri /erp/activation-key /es/security-key",
            "KEY /db/password /app/public-key /signing-key-id /signing-key-arn /app/kms-signing-key"
            " /tls/key-size /stripe/key-prefix /tls/certificate-arn /ec2/ssh-key-name /webhook-url"
            " /slack/channel /app/service-account /sentry/dsn /cache/key /table/partition-key"
            " /app/jdbc-url JDBC_DATABASE_URL /redis/url /app/url /api-url /database-url-template"
            " /app/signed-url-ttl /s3/object-key /table/hash-key /table/sort-key /segment/write-key"
            " /queue/routing-key /i18n/key /ssh/authorized-keys /kafka/truststore /tls/server.crt"
            " /ec2/key-pair-name /azure/key-vault /app/account /vpn/gateway-id /google/maps-key"
            " /app/encryption-key-id /tls/public.pem /mq/rabbitmq-host /mail/smtp-host /app/db-url"
            " /signing-key-alias /session-key-name /jwt/issuer /app/key/rotation /v2 2 STAGE /cdk/exports/app/signing-key",
            id="mostly a secret, though the name is no proof",
        ),
        pytest.param(is_of_a_login, "BASIC_AUTH LOGIN httpAuth", "AUTH_URL STAGE", id="a login"),
        pytest.param(is_of_a_login, "auth", "", id="a login, alone"),
        pytest.param(is_an_id, "KEY_ID KEY_IDS id", "IDP ID_KEY", id="an id"),
        pytest.param(
            is_public,
            "STRIPE_PUBLIC_KEY PUBLISHABLE_KEY SITE_KEY ALGOLIA_SEARCH_API_KEY ANON_KEY "
            "PUBLIC_TOKEN HCAPTCHA_SITEKEY PUBLIC",
            "PUBLIC_SECRET PUBLIC_API_SECRETS PUBLIC_PASSWORD SITE_PASSWORD KEY_SITE SEARCH_TOKEN "
            "API_KEY STAGE",
            id="made to be public",
        ),
        pytest.param(
            is_of_a_browser,
            "GOOGLE_MAPS_API_KEY FIREBASE_KEY WEB_API_KEY PUBLIC_KEY",
            "GOOGLE_API_KEY GEMINI_KEY",
            id="carried by browsers",
        ),
    ],
)
def test_what_else_a_name_says(test, yes, no):
    assert [name for name in yes.split() if not test(name)] == []
    assert [name for name in no.split() if test(name)] == []


@pytest.mark.parametrize(
    ("name", "value", "answer"),
    [
        ("PASSWORD_SECRET_KEY", "password", True),
        ("PASSWORD_KEY", "password", True),
        ("passwordSecretKey", "dbPassword", True),
        ("PASSWORD_SECRET_KEY", "root.password", True),
        ("USERNAME_SECRET_KEY", "username", True),
        ("PASSWORD_SECRET_KEY", "password1", False),
        ("PASSWORD_SECRET_KEY", "pass word", False),
        ("PASSWORD_SECRET_KEY", "username", False),
        ("PASSWORD_SECRET_KEY", "password_hunter", False),
        ("PASSWORD_SECRET_KEY", "", False),
        ("PASSWORD_SECRET", "password", False),
        ("SECRET_KEY", "secret", False),
        ("SECRET_KEY", "key", False),
        ("KEY", "key", False),
        ("", "password", False),
    ],
)
def test_the_field_of_a_secret(name, value, answer):
    assert is_the_field(name, value) is answer


@pytest.mark.parametrize(
    "name", ["DBPWD", "userpwd", "/prod/ldap/bindpw", "ROOTPW", "dbpass", "MYSQL_ADMINPW"]
)
def test_a_word_that_ends_as_a_password_is_one(name):
    assert is_a_secret(name)
    assert is_a_password(name)


@pytest.mark.parametrize("name", ["OLDPWD", "BYPASS", "DBPWD_ARN", "bindpwLength"])
def test_not_every_such_word_is_one(name):
    assert not is_a_secret(name)
