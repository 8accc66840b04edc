"""The command line of Readiness."""
