"""The whole pipeline on an embedded AWS: shown by `readiness demo`, leaned on by the e2e tests."""
