"""The report: what the stack knows, as one page for people who have no access to the account."""
