"""From an event to a recorded finding: targets, reads, verdicts, tables, the Lambda function."""
