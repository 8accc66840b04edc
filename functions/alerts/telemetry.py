"""The log and the metrics of this function."""

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics

log = Logger(service="readiness-alerts")
metrics = Metrics(namespace="Readiness", service="alerts")
