"""`readiness doctor`: what keeps Readiness from receiving events, evaluating or alerting."""
