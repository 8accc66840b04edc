"""Both sides of what a credential is, kind by kind: what is reported, and what is left alone.

Every value is made up, and put together at run time so that no scanner takes it for a leak.
"""

from __future__ import annotations

import base64
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.secrets_management.app import lambda_environment
from readiness import Status
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import LATEST
from readiness.semantics.credential_values import is_reference
from readiness.semantics.credentials import Certainty, suspect

NAMED, RANDOM, SHAPED = Certainty.NAMED, Certainty.RANDOM, Certainty.SHAPED
HEX = "0123456789abcdef"
MIXED = "Zk3vT9qLx8Rw2Yp6Nh5BcD7fGm4Js1Ka0We"
UUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
COMMIT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
DIGEST = COMMIT + "2b0b822cd15d6c15b0f00a08"
DASHES = "-" * 5


def key(length, alphabet=MIXED):
    """A made-up key of that length."""
    return (alphabet * (length // len(alphabet) + 1))[:length]


def b64(text):
    return base64.b64encode(text.encode()).decode()


def pem(kind, break_="\n"):
    return (
        f"{DASHES}BEGIN {kind}{DASHES}{break_}MIIEvQIBADANBgkq{break_}{DASHES}END {kind}{DASHES}"
    )


REPORTED = {
    "values that only begin like a reference": [
        ("DB_PASSWORD", "$" + "Tr0ub4dor", NAMED),
        ("DB_PASSWORD", "$" + "Tr0ub4dor&3", NAMED),
        ("DB_PASSWORD", "$" + "ecret", NAMED),
        ("DB_PASSWORD", "(hunter2)", NAMED),
        ("DB_PASSWORD", "{hunter2}", NAMED),
        ("DB_PASSWORD", "pa${X}ss", NAMED),
        ("DB_PASSWORD", "{{hunter2}}x", NAMED),
        ("DB_PASSWORD", "<hunter2", NAMED),
        ("DB_PASSWORD", "%hunter2", NAMED),
        ("DB_PASSWORD", "arn:hunter2", NAMED),
        ("DB_PASSWORD", "${DB_PASSWORD:-hunter2}", NAMED),
        ("DB_PASSWORD", "${DB_PASSWORD:hunter2}", NAMED),
        ("DB_PASSWORD", "@dm1n", NAMED),
        ("DB_PASSWORD", "/hunter2", NAMED),
    ],
    "short and weak passwords": [
        ("DB_PASSWORD", "hunter2", NAMED),
        ("DB_PASSWORD", "a", NAMED),
        ("DB_PASSWORD", "1234", NAMED),
        ("DB_PASSWORD", "12345678", NAMED),
        ("ADMIN_PASS", "4711", NAMED),
        ("DB_PW", "geheim", NAMED),
        ("MYSQL_ROOT_PASSWORD", "changeme", NAMED),
        ("KEYSTORE_PASSWORD", "change" + "it", NAMED),
        ("JWT_SECRET", "changeme", NAMED),
        ("DB_PASSWORD", "password", NAMED),
        ("DB_PASSWORD", "admin", NAMED),
        ("DB_PASSWORD", "access", NAMED),
        ("APP_PASSPHRASE", "correct horse battery staple", NAMED),
        ("DB_PASSWORD", "correct-horse-battery-staple", NAMED),
        ("PGPASSWORD", "postgres", NAMED),
        ("CLIENT_SECRET", "s3cr3t", NAMED),
        ("VAULT_SECRET_ID", UUID, NAMED),
        ("HEROKU_API_KEY", UUID, NAMED),
        ("CLIENT_SECRET", UUID, NAMED),
        ("GITHUB_PAT", "abc123", NAMED),
        ("MYSQL_PWD", "x", NAMED),
        ("DB_PASSWORD", "welcome.com", NAMED),
        ("DB_PASSWORD", "my.key", NAMED),
        ("ENCRYPTION_KEY", "Sup3rS3cretK3y!", NAMED),
        ("JWT_KEY", "q9x!2Lp0zz", NAMED),
        ("MASTER_KEY", "hunter2", NAMED),
        ("spring.datasource.password", "geheim", NAMED),
        ("SECRET_VALUE", "abc", NAMED),
        ("SESSION_SECRET", "keyboard cat", NAMED),
        ("DB_PASSWORD_PROD", "hunter2", NAMED),
        ("DB_PASSWORD_OLD", "hunter2", NAMED),
        ("SECRET_KEY_BASE", "hunter2hunter2", NAMED),
        ("PUBLIC_API_PASSWORD", "hunter2", NAMED),
        ("JWT_SECRET", "my-secret-key", NAMED),
        ("CLIENT_SECRET", "my-client-secret", NAMED),
        ("SECRETS", json.dumps({"stripe": "abc123"}), NAMED),
        ("SECRETS_MANAGER_API_KEY", "abc123", NAMED),
    ],
    "what could be a field but is not": [
        ("SECRET_KEY", "secret", NAMED),
        ("SECRET_KEY", "password", NAMED),
        ("DB_SECRET_KEY", "password", NAMED),
        ("CLIENT_SECRET_KEY", "client_secret", NAMED),
        ("PASSWORD_SECRET_KEY", "hunter2", NAMED),
        ("PASSWORD_SECRET_KEY", "password1", NAMED),
        ("ACCESS_TOKEN_SECRET_KEY", "hunter2hunter2", NAMED),
        ("TOKEN_SECRET_KEY", "mytoken", NAMED),
        ("PASSWORD_SECRET", "password", NAMED),
    ],
    "values of headers": [
        ("AUTH_HEADER", "Bearer " + key(24), SHAPED),
        ("HEADERS", "Authorization: Bearer " + key(12), SHAPED),
        ("HEADER", "Basic " + b64("user:hunter2"), SHAPED),
        ("AUTHORIZATION", "basic " + b64("svc:x1"), SHAPED),
        ("ELASTIC", "Authorization: Basic " + b64("elastic:hunter2"), SHAPED),
    ],
    "a user and a password": [
        ("BASIC_AUTH", "admin:hunter2", SHAPED),
        ("HTTP_AUTH", "admin@example.com:hunter2", SHAPED),
    ],
    "query strings": [
        ("URL", "https://api.example.com/v1?api_key=" + key(16), SHAPED),
        ("URL", "https://api.example.com/v1?x=1&apikey=" + key(12), SHAPED),
        ("URL", "https://api.example.com/v1?access_token=" + key(20), SHAPED),
        ("URL", "https://maps.example.com/json?key=" + key(24), SHAPED),
        ("URL", "https://fn.azurewebsites.net/api/run?code=" + key(40), SHAPED),
        ("URL", "https://b.s3.amazonaws.com/k?X-Amz-Signature=" + HEX * 4, SHAPED),
        ("URL", "https://storage.googleapis.com/b/k?X-Goog-Signature=" + HEX * 8, SHAPED),
        ("URL", "https://x.blob.core.windows.net/c?sv=2024&sig=" + key(40) + "%3D", SHAPED),
        ("FEED", "https://example.com/feed?token=abc123", SHAPED),
    ],
    "connection strings": [
        ("DSN", "app:hunter2@tcp(db:3306)/orders", SHAPED),
        ("DSN", "app:hunter2@unix(/tmp/mysql.sock)/orders", SHAPED),
        ("DSN", "app:hunter2@db.internal:5432/orders", SHAPED),
        ("DB", "scott/tiger@db.internal:1521/orcl", SHAPED),
        ("DB", "jdbc:postgresql://db/x?user=a&password=hunter2", SHAPED),
        ("DB", "jdbc:sqlserver://db;user=a;password=hunter2;", SHAPED),
        ("DB", "jdbc:oracle:thin:scott/tiger@db:1521/orcl", SHAPED),
        ("DB", "host=db user=a password=hunter2 dbname=x", SHAPED),
        ("DB", "host=db user=a password='hunter 2'", SHAPED),
        ("DB", "postgres://a:pa/ss@db/x", SHAPED),
        ("DB", "mongodb+srv://a:hunter2@c.mongodb.net/x", SHAPED),
        ("CELERY", "amqp://a:hunter2@mq:5672//", SHAPED),
        ("CACHE", "rediss://:hunter2@cache:6379/0", SHAPED),
        ("STORAGE", "AccountName=a;AccountKey=" + key(64) + "==", SHAPED),
        ("BUS", "Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=" + key(40) + "=", SHAPED),
        ("SAS", "?sv=2024-01-01&sig=" + key(43) + "%3D", SHAPED),
        ("KAFKA", 'PlainLoginModule required username="a" password="hunter2";', SHAPED),
        ("REPO", "https://" + key(24) + "@git.example.com/x.git", SHAPED),
        ("PROXY", "http://a:hunter2@proxy:3128", SHAPED),
        ("NPMRC", "//registry.example.com/:_authToken=" + key(20), SHAPED),
    ],
    "webhooks": [
        ("HOOK", "https://hooks.slack.com" + "/services/T000/B000/" + key(24), SHAPED),
        ("HOOK", "https://hooks.slack.com" + "/triggers/T000/123/" + HEX, SHAPED),
        ("HOOK", "https://discord.com/api" + "/webhooks/123456/" + key(40), SHAPED),
        (
            "HOOK",
            f"https://x.webhook.office.com/webhook{'b2'}/{UUID}@{UUID}/IncomingWebhook/{HEX * 2}/{UUID}",
            SHAPED,
        ),
        ("HOOK", "https://events.pagerduty.com" + "/integration/" + HEX * 2 + "/enqueue", SHAPED),
    ],
    "keys of providers": [
        ("X", "AKIA" + "Q" * 16, SHAPED),
        ("X", "ASIA" + "Q" * 16, SHAPED),
        ("X", "gh" + "p_" + key(36), SHAPED),
        ("X", "gh" + "s_" + key(36), SHAPED),
        ("X", "github" + "_pat_" + key(60), SHAPED),
        ("X", "gl" + "pat-" + key(20), SHAPED),
        ("X", "xo" + "xb-1234567890-" + key(24), SHAPED),
        ("X", "xa" + "pp-1-A0123456-" + key(24), SHAPED),
        ("X", "sk" + "_live_" + key(24), SHAPED),
        ("X", "rk" + "_live_" + key(24), SHAPED),
        ("X", "wh" + "sec_" + key(32), SHAPED),
        ("X", "S" + f"G.{key(22)}.{key(43)}", SHAPED),
        ("X", "S" + "K" + HEX * 2, SHAPED),
        ("X", "np" + "m_" + key(36), SHAPED),
        ("X", "py" + "pi-AgEIcHlwaS5vcmc" + key(60), SHAPED),
        ("X", "AI" + "za" + key(35), SHAPED),
        ("GEMINI_API_KEY", "AI" + "za" + key(35), SHAPED),
        ("X", "sk" + "-proj-" + key(40), SHAPED),
        ("X", "sk" + "-" + key(48), SHAPED),
        ("X", "sk" + "-ant-api03-" + key(40), SHAPED),
        ("X", "h" + "f_" + key(34), SHAPED),
        ("X", "dd" + "app_" + key(36), SHAPED),
        ("DD_API_KEY", HEX * 2, SHAPED),
        ("X", "dap" + "i" + HEX * 2, SHAPED),
        ("X", "hv" + "s." + key(30), SHAPED),
        ("X", key(14) + ".atl" + "asv1." + key(60), SHAPED),
        ("X", "shp" + "at_" + HEX * 2, SHAPED),
        ("X", "GOC" + "SPX-" + key(28), SHAPED),
        ("X", "dck" + "r_pat_" + key(27), SHAPED),
        ("X", "lin" + "_api_" + key(40), SHAPED),
        ("TELEGRAM", "123456789" + ":A" + key(34), SHAPED),
        ("URL", "https://api.telegram.org/bot123456789" + ":A" + key(34) + "/send", SHAPED),
        ("AWS_BEARER_TOKEN_BEDROCK", "ABS" + "K" + key(120), SHAPED),
        ("AWS_SECRET_ACCESS_KEY", key(20) + "/" + key(19), SHAPED),
        ("AWS_SESSION_TOKEN", key(80), SHAPED),
        ("X", "IQoJb3JpZ2luX2Vj" + key(120), SHAPED),
        ("SONAR", "sq" + "p_" + COMMIT, SHAPED),
    ],
    "private keys and tokens in layers": [
        ("CERT", pem("PRIVATE KEY"), SHAPED),
        ("CERT", pem("RSA PRIVATE KEY", "\\n"), SHAPED),
        ("CERT", pem("ENCRYPTED PRIVATE KEY", " "), SHAPED),
        ("CERT", pem("CERTIFICATE") + "\n" + pem("PRIVATE KEY"), SHAPED),
        ("PUBLIC_KEY", pem("PRIVATE KEY"), SHAPED),
        ("CERT", b64(pem("EC PRIVATE KEY")), SHAPED),
        ("JWT", f"ey{'JhbGciOi'}JIUzI1NiJ9.ey{'JzdWIiOi'}IxMjM0In0.{key(20)}", SHAPED),
        ("CONFIG", json.dumps({"db": {"user": "a", "password": "hunter2"}}), SHAPED),
        ("CONFIG", json.dumps([{"name": "DB_PASSWORD", "value": "hunter2"}]), SHAPED),
        ("CONFIG", b64(json.dumps({"username": "a", "password": "hunter2"})), SHAPED),
        ("CONFIG", b64(b64(json.dumps({"client_secret": "hunter2"}))), SHAPED),
        ("DOCKER", json.dumps({"auths": {"x": {"auth": b64("a:hunter2")}}}), SHAPED),
        ("DOCKER", b64(json.dumps({"auths": {"x": {"auth": b64("a:hunter2")}}})), SHAPED),
        (
            "GCP",
            json.dumps({"type": "service_account", "private_key": pem("PRIVATE KEY")}),
            SHAPED,
        ),
        ("CONFIG", b64("postgres://a:hunter2@db/x"), SHAPED),
    ],
    "random values": [
        ("SETTING", key(24), RANDOM),
        ("API_KEY", key(24), SHAPED),
        ("SIGNING_KEY", DIGEST, RANDOM),
        ("ROUTING_KEY", HEX * 2, RANDOM),
        ("SECRET_NAME", key(24), SHAPED),
        ("API_TOKEN", COMMIT, SHAPED),
        ("X", "x9$kL2!mQ8@zR5#wT7^pN", RANDOM),
        ("CONFIG", json.dumps({"key": key(24)}), RANDOM),
        ("DD_APP_KEY", COMMIT, RANDOM),
        ("WEBHOOK", "0x" + DIGEST, RANDOM),
    ],
    "hexadecimal digits under the name of a key": [
        ("KEY", HEX * 2, RANDOM),
        ("CLIENT_KEY", HEX * 2, RANDOM),
        ("CLIENT_KEYS", HEX * 2, RANDOM),
        ("STORAGE_ACCOUNT_KEY", DIGEST, RANDOM),
        ("CODE_SIGNING_KEY", HEX * 2, RANDOM),
        ("CACHE_CLIENT_KEY", HEX * 2, RANDOM),
        ("KEY_MATERIAL", DIGEST, RANDOM),
        ("PASSWORD_SALT", HEX * 2, SHAPED),
        ("PASSWORD_CLIENT", HEX * 2, SHAPED),
        ("SALT", HEX * 2, RANDOM),
        ("LICENSE", HEX * 2, RANDOM),
        ("AUTH", HEX * 2, RANDOM),
        ("ENCRYPTION", DIGEST, RANDOM),
        ("DATADOG", HEX * 2, RANDOM),
        ("PAGERDUTY_INTEGRATION", HEX * 2, RANDOM),
        ("NEW_RELIC", COMMIT, RANDOM),
    ],
}

LEFT_ALONE = {
    "references": [
        ("DB_PASSWORD", "${DB_PASSWORD}"),
        ("DB_PASSWORD", "$DB_PASSWORD"),
        ("DB_PASSWORD", "$(DB_PASSWORD)"),
        ("DB_PASSWORD", "$db_password"),
        ("DB_PASSWORD", "${DB_PASSWORD:-}"),
        ("DB_PASSWORD", "${DB_PASSWORD:-${OTHER}}"),
        ("DB_PASSWORD", "{{resolve:secretsmanager:prod/db:SecretString:password}}"),
        ("DB_PASSWORD", "{{resolve:ssm-secure:/prod/db:1}}"),
        ("DB_PASSWORD", "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf"),
        ("DB_PASSWORD", "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:db-AbCdEf:pw::"),
        ("DB_PASSWORD", "arn:aws:ssm:us-east-1:111122223333:parameter/prod/db"),
        ("DB_PASSWORD", "ssm:/prod/db/password"),
        ("DB_PASSWORD", "ssm:///prod/db/password"),
        ("DB_PASSWORD", "secretsmanager:prod/db"),
        ("DB_PASSWORD", "aws-secretsmanager://prod/db"),
        ("DB_PASSWORD", "vault:secret/data/db#password"),
        ("DB_PASSWORD", "op://prod/db/password"),
        ("DB_PASSWORD", "projects/p/secrets/db/versions/latest"),
        ("DB_PASSWORD", "${{ secrets.DB_PASSWORD }}"),
        ("DB_PASSWORD", "{{ db_password }}"),
        ("DB_PASSWORD", "%DB_PASSWORD%"),
        ("DB_PASSWORD", "#{db.password}"),
        ("DB_PASSWORD", "file:///run/secrets/db"),
        ("DB_PASSWORD", "${ssm:/prod/db}"),
        ("AUTH_HEADER", "Bearer ${TOKEN}"),
        ("AUTH_HEADER", "Bearer token"),
        ("AUTH_HEADER", "Bearer token-authentication-scheme"),
        ("AUTH_TOKEN", "Bearer {token}"),
        ("DB_PASSWORD", "{db_password}"),
        ("AUTH_HEADER", "Basic authentication"),
        ("DB", "postgres://${USER}:${PASSWORD}@db/x"),
        ("DSN", "${USER}:${PASSWORD}@tcp(db:3306)/x"),
        ("URL", "https://api.example.com/v1?api_key=${API_KEY}"),
        ("URL", "https://api.example.com/v1?token={token}"),
        ("DB", "host=db user=a password=${PASSWORD}"),
    ],
    "names, paths, ARNs and places of secrets": [
        ("DB_SECRET", "prod/db/creds"),
        ("DB_SECRET", "prod/db"),
        ("DB_SECRET", "prod-db-credentials"),
        ("CONNECTION_STRING_SECRET", "mssql-conn"),
        ("DB_SECRET", "orders.dsn"),
        ("DB_SECRETS", "/prod/db"),
        ("DB_CREDENTIALS", "my-app/prod/db-AbCdEf"),
        ("DB_PASSWORD", "prod/db/password"),
        ("SECRET_NAME", "prod/db"),
        ("SECRET_ID", UUID),
        ("DB_SECRET_ARN", "prod/db"),
        ("DB_SECRET_PATH", "kv/data/db"),
        ("SECRETS_PREFIX", "prod"),
        ("SECRETS_REGION", "eu-west-1"),
        ("SECRETS_BACKEND", "aws"),
        ("API_KEY_ID", "a1b2c3d4e5"),
        ("KMS_KEY_ID", UUID),
        ("ENCRYPTION_KEY", "alias/orders"),
        ("ENCRYPTION_KEY", UUID),
        ("ENCRYPTION_KEY", "mrk-" + UUID.replace("-", "")),
        ("SIGNING_KEY", "orders-signing-key-2026"),
        ("SESSION_KEY", "session:orders:v2"),
        ("ROUTING_KEY", "orders.created.v1"),
        ("PARTITION_KEY", "customerId2"),
        ("KEY_ID", key(20)),
        ("PRIVATE_KEY_PATH", "keys/server"),
        ("PRIVATE_KEY", "/etc/ssl/private/server.key"),
        ("PRIVATE_KEY", "server.pem"),
        ("TOKEN_URL", "https://idp.example.com/oauth2/token"),
        ("AUTH_TOKEN", "https://idp.example.com/oauth2/token"),
        ("TOKEN_ENDPOINT", "idp.example.com"),
        ("PASSWORD_FILE", "db_password"),
        ("PASSWORD_FIELD", "pass"),
        ("API_KEY_HEADER", "x-api-key"),
        ("TOKEN_HEADER_NAME", "authorization"),
        ("SECRETS_TABLE", "secrets"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
        ("DB_SECRET", "rds!db-" + UUID),
        ("DB_SECRET", "OrdersDatabaseSecret-AbCdEf"),
        ("CLIENT_SECRET", "prod/client"),
        ("SECRETS", "db,cache"),
        ("SECRETS", json.dumps({"db": "prod/db", "cache": "prod/cache"})),
        ("SECRETS", json.dumps(["prod/db", "prod/cache"])),
        ("CREDENTIALS", json.dumps({"user": "app", "host": "db.internal"})),
        ("SECRET_KEY_REF", "db"),
        ("DB_PASSWORD_KEY", "password"),
        ("SECRET_STRING_KEY", "apiKey"),
        ("NEW_RELIC_LICENSE_KEY_SECRET", "NEW_RELIC_LICENSE_KEY"),
        ("DD_KMS_API_KEY", "AQICAHhqZ"),
        ("API_KEY_ENCRYPTED", "AQICA" + key(120)),
        ("DB_PASSWORD", "ENC[AES256_GCM,data:Zk3v,type:str]"),
        ("DB_PASSWORD", "ENC(Zk3vT9qLx8Rw2Yp6)"),
        ("API_KEY_ID", key(24)),
        ("SECRETS_MANAGER_VPC_ENDPOINT", "vpce-0123456789abcdef0-abcdefgh"),
    ],
    "fields of a secret": [
        ("PASSWORD_SECRET_KEY", "password"),
        ("USERNAME_SECRET_KEY", "username"),
        ("API_KEY_SECRET_KEY", "api_key"),
        ("API_KEY_SECRET_KEY", "apiKey"),
        ("TOKEN_KEY", "token"),
        ("MYSQL_PASSWORD_SECRET_KEY", "mysql-root-password"),
        ("TOKEN_SECRET_PROPERTY", "token"),
        ("DB_SECRET_PASSWORD_PROPERTIES", "password"),
        ("TOKEN_CLAIM", "sub"),
    ],
    "hexadecimal digits that may be an id or a digest": [
        ("APP", HEX * 2),
        ("SETTING", HEX * 2),
        ("BACKEND", HEX * 4),
        ("WEBHOOK", COMMIT + HEX),
        ("ETAG", HEX * 2),
        ("KEY_ID", HEX * 2),
        ("CLIENT_KEY", f"x-{HEX * 2}"),
        ("CACHE_KEY", HEX * 2),
        ("ORDERS_CACHE_KEY", HEX * 2),
        ("PARTITION_KEY", HEX * 2),
        ("ARTIFACT_KEY", f"builds/{DIGEST}.zip"),
        ("BUILD_KEY", key(24)),
        ("DD_VERSION", COMMIT),
        ("DD_TAGS", f"git.commit.sha:{COMMIT}"),
        ("API_BUILD", HEX * 2),
    ],
    "commands that get a secret": [
        ("TOKEN_COMMAND", "aws eks get-token --cluster-name orders --region us-east-1"),
        ("DB_PASSWORD", "aws secretsmanager get-secret-value --secret-id prod/db"),
        ("ADMIN_PASSWORD", "kubectl -n argocd get secret admin -o jsonpath='{.data.password}'"),
    ],
    "modes, limits and switches": [
        ("TOKEN_USE", "access"),
        ("TOKEN_TYPE", "Bearer"),
        ("TOKEN_TTL", "3600"),
        ("TOKEN_LIMIT", "100000"),
        ("TOKEN_EXPIRY", "15m"),
        ("ACCESS_TOKEN_LIFETIME", "1 hour"),
        ("PASSWORD_POLICY", "strict"),
        ("PASSWORD_MIN_LENGTH", "1000000"),
        ("PASSWORD_RESET_ENABLED", "true"),
        ("SECRET_ROTATION_DAYS", "30"),
        ("SECRETS_CACHE_TTL", "300"),
        ("MAX_TOKENS", "4096"),
        ("MAX_TOKENS", "10000000"),
        ("MAX_TOKEN", "four-thousand"),
        ("CREDENTIALS", "same-origin"),
        ("CREDENTIAL_SOURCE", "Ec2InstanceMetadata"),
        ("AUTH_TOKEN", "jwt"),
        ("USE_PASSWORD", "true"),
        ("MYSQL_ALLOW_EMPTY_PASSWORD", "yes"),
        ("FORCE_PASSWORD", "1"),
        ("DB_PASSWORD", ""),
        ("DB_PASSWORD", "   "),
        ("DB_PASSWORD", "none"),
        ("CSRF_TOKEN_NAME", "csrf"),
        ("PAD_TOKEN", "pad"),
        ("TOKENIZER", "cl100k_base"),
        ("TOKEN_BUCKET_SIZE", "100"),
        ("PASSWORD_HASH_ALGORITHM", "argon2id"),
        ("PASSWORD_ENCODER", "bcrypt"),
        ("TOKEN_SIGNING_METHOD", "rs256"),
        ("TOKEN_VALIDITY_UNITS", "hours"),
        ("PASSWORDLESS_AUTH", "magic-link"),
        ("BASIC_AUTH", "enabled"),
        ("PROXY_AUTH", "localhost:8080"),
        ("AUTH", "cognito"),
    ],
    "AWS's own variables": [
        ("PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL", "debug"),
        ("PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED", "true"),
        ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773"),
        ("PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS", "three"),
        ("SECRETS_EXTENSION_HTTP", "local-only"),
        ("SECRETS_MANAGER_TTL", "300"),
        ("SECRETS_MANAGER_TIMEOUT_MILLIS", "0"),
        ("AWS_LAMBDA_EXEC_WRAPPER", "/opt/bootstrap"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "regional"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/" + UUID),
        ("AWS_NODEJS_CONNECTION_REUSE_ENABLED", "1"),
        ("LAMBDA_SECRETS_MODE", "lazy"),
    ],
    "names that the CDK and CloudFormation make": [
        ("TABLE_NAME", "OrdersStack-OrdersTable315BB997-1XK2J9QWERTY4"),
        ("FUNCTION", "OrdersStack-AgentFunctionC0FFEE12-aBcDeF123456"),
        ("DB_SECRET", "OrdersDb" + "Secret685A0FA5-xVwN3vpYnhHt"),
        ("DB_SECRET", "DatabaseCluster" + "SecretD1FB634F"),
        ("SECRET_NAME", "OrdersStack" + "DatabaseSecret3B817195-aBcD1234efGh"),
        ("IMPORT", "OrdersStack:ExportsOutputFnGetAttOrdersTableCD117FA1ArnF8D4C1E2"),
        ("IMPORT", "OrdersStack:ExportsOutputRefOrdersQueueDA5B2C9FF1A2B3C4"),
        ("LOGICAL_ID", "OrdersServiceTaskDefinitionC1D2E3F4"),
        ("RESOURCE", "CustomVpcRestrictDefaultSGCustomResourceProviderRole26592FE0"),
        ("BUCKET", "cdk-hnb659fds-assets-111122223333-us-east-1"),
        ("SINGLETON", "AWS679f53fac002430cb0da5b7982bd22872D164C4C"),
        ("SINGLETON", "CustomCDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C81C01536"),
        ("SINGLETON", "LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8aFD4BFC8A"),
        (
            "QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/111122223333/Orders-Queue4A7E3555-1XK2J9",
        ),
    ],
    "digests, ids, images and hosts": [
        ("GIT_SHA", COMMIT),
        ("RELEASE", COMMIT),
        ("SOURCE", COMMIT),
        ("CODE", DIGEST),
        ("INTEGRITY", "sha384-" + key(64)),
        ("ASSET", f"assets/{DIGEST}.zip"),
        ("IMAGE", f"agent@sha256:{DIGEST}"),
        ("IMAGE", f"111122223333.dkr.ecr.us-east-1.amazonaws.com/agent:{COMMIT}"),
        ("RUN_ID", UUID),
        ("TENANT", UUID),
        ("USER_POOL_ID", "us-east-1_AbCdEfGhI"),
        ("USER_POOL_CLIENT_ID", "1example23456789abcdefghij"),
        ("COGNITO_APP_CLIENT", "1example23456789abcdefghij"),
        ("CLOUDFLARE_ACCOUNT", HEX * 2),
        ("CONFIG", json.dumps({"clientId": "1example23456789abcdefghij", "pool": "us-east-1_Ab"})),
        ("ORDER", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("TOKEN_CONTRACT_ADDRESS", "0x" + COMMIT),
        ("CA_CERT", key(200)),
        ("ICON", "iVBORw0KGgo" + key(80)),
        ("CODE_SHA256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        ("BUILD", "20261126.1-9f86d08"),
        (
            "GOOGLE_CLIENT_ID",
            "123456789012-abcdefghijklmnopqrstuvwxyz012345.apps.googleusercontent.com",
        ),
        ("MODEL", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ("TRACE_HEADER", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"),
        ("ECS_TASK", HEX * 2),
        ("HOST", "search-orders-abc123def456ghi789jkl012mn.us-east-1.es.amazonaws.com"),
        ("HOST", "db.cluster-c1a2b3d4e5f6.us-east-1.rds.amazonaws.com:5432"),
        ("REGION", "us-gov-west-1"),
        ("LOG_LEVEL", "DEBUG"),
        ("FEATURE_FLAGS", "new-checkout,dark-mode"),
        ("EMAIL", "ops@example.com"),
        ("CONTACT", "mailto:ops@example.com"),
        ("REPO", "git@github.com:example/orders.git"),
        ("SSH_URL", "ssh://git@github.com:22/example/orders"),
        ("URL", "https://example.com:8443/a@b"),
        ("SENTRY_DSN", f"https://{HEX * 2}@o12345.ingest.sentry.io/67890"),
        ("CALLBACK", "https://example.com/cb?code=200&state=x"),
        ("SEARCH", "https://example.com/s?key=a-long-and-harmless-cache-key"),
        ("OBJECT", "https://console.example.com/?key=exports/2026/Orders-2026-11-26.csv"),
    ],
    "keys made to be public": [
        ("STRIPE_PUBLISHABLE_KEY", "pk_" + "live_" + key(24)),
        ("STRIPE_API_KEY", "pk_" + "test_" + key(24)),
        ("STRIPE_KEY", "pk_" + "live_" + key(24)),
        ("JWT_PUBLIC_KEY", pem("PUBLIC KEY")),
        ("SIGNING_KEY", pem("PUBLIC KEY", "\\n")),
        ("CERT", pem("CERTIFICATE")),
        ("CERT", b64(pem("CERTIFICATE"))),
        ("CERT", b64(pem("PUBLIC KEY"))),
        ("SSH_KEY", "ssh-rsa AAAAB3NzaC1yc2E" + key(60) + " me@host"),
        ("DEPLOY_KEY", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5" + key(40)),
        ("RECAPTCHA_SITE_KEY", "6L" + key(38)),
        ("GOOGLE_MAPS_API_KEY", "AI" + "za" + key(35)),
        ("FIREBASE_API_KEY", "AI" + "za" + key(35)),
        ("SUPABASE_ANON_KEY", f"ey{'JhbGciOi'}JIUzI1NiJ9.ey{'JzdWIiOi'}IxMjM0In0.{key(20)}"),
        ("VAPID_PUBLIC_KEY", key(87)),
        ("DD_CLIENT_TOKEN", "pub" + HEX * 2),
        ("ALGOLIA_SEARCH_API_KEY", HEX * 2),
        ("HCAPTCHA_SITEKEY", UUID),
        ("POSTHOG_KEY", "phc_" + key(43)),
        ("MAPBOX", "pk.ey" + "J" + key(60) + "." + key(22)),
    ],
    "placeholders": [
        ("API_KEY", "changeme"),
        ("API_TOKEN", "example"),
        ("DB_PASSWORD", "<password>"),
        ("DB_PASSWORD", "xxxxxxxx"),
        ("DB_PASSWORD", "********"),
        ("DB_PASSWORD", "your-password-here"),
        ("DB_PASSWORD", "REPLACE_ME"),
        ("DB_PASSWORD", "TODO"),
        ("DB_PASSWORD", "placeholder"),
        ("DB_PASSWORD", "redacted"),
        ("DB_PASSWORD", "DB_PASSWORD"),
    ],
    "documents without a credential": [
        ("CONFIG", json.dumps({"secretName": "prod/db", "tokenUse": "access", "ttl": 3600})),
        ("CONFIG", json.dumps({"password": "${PASSWORD}", "secret": "prod/db/creds"})),
        ("CONFIG", b64(json.dumps({"level": "info", "region": "eu-west-1"}))),
        ("CONFIG", b64("just some text that is long enough")),
        ("TEXT", "the quick brown fox jumps over the lazy dog 1 2 3"),
    ],
}


def rows(table):
    return [
        pytest.param(*row, id=f"{kind}: {number}")
        for kind, each in table.items()
        for number, row in enumerate(each, 1)
    ]


@pytest.mark.parametrize(("name", "value", "certainty"), rows(REPORTED))
def test_a_credential_is_reported(name, value, certainty):
    found = suspect(name, value)
    assert found is not None, value
    assert found.certainty is certainty, found


@pytest.mark.parametrize(("name", "value"), rows(LEFT_ALONE))
def test_what_is_none_is_left_alone(name, value):
    assert suspect(name, value) is None, value


# -- properties ----------------------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        "DB_PASSWORD",
        "API_KEY",
        "AUTH_TOKEN",
        "CLIENT_SECRET",
        "DB_SECRET",
        "X",
        "SETTING",
        "HEADER",
    ]
)
WORD = st.text(string.ascii_letters + string.digits, min_size=1, max_size=30)
UPPER = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True)
PATH = st.lists(WORD, min_size=1, max_size=4).map("/".join)
REFERENCES = st.one_of(
    UPPER.map("${{{}}}".format),
    UPPER.map("$({})".format),
    UPPER.map("${}".format),
    UPPER.map("Bearer ${{{}}}".format),
    WORD.map("{{{{ {} }}}}".format),
    PATH.map("ssm:/{}".format),
    PATH.map("secretsmanager:{}".format),
    PATH.map("arn:aws:ssm:us-east-1:111122223333:parameter/{}".format),
    PATH.map("arn:aws:secretsmanager:us-east-1:111122223333:secret:{}".format),
    PATH.map("{{{{resolve:secretsmanager:{}}}}}".format),
)


@given(NAMES, REFERENCES)
def test_a_reference_is_never_a_credential(name, value):
    assert is_reference(value)
    assert suspect(name, value) is None


@given(REFERENCES, st.text("qzjkv79", min_size=1, max_size=12))
def test_a_value_with_more_than_a_reference_is_none(value, more):
    assert not is_reference(f"{more} {value}")


@given(NAMES, st.text("qzjkv79!$", min_size=4, max_size=60))
def test_no_part_of_a_value_comes_out(name, value):
    verdict = lambda_environment(RunEnvironments({LATEST: {name: value}}))
    told = verdict.reason + json.dumps(dict(verdict.observed or {}), default=str)
    assert value not in told
    if name == "DB_PASSWORD" and verdict.status is not Status.NON_COMPLIANT:
        assert set(value) <= {"$"} or is_reference(value) or value.isspace()
