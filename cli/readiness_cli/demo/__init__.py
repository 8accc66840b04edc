"""The whole pipeline on an embedded AWS, for `readiness demo` and the end-to-end tests."""
