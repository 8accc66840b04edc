"""`readiness doctor`: what keeps Readiness from seeing, judging or telling, and what cures it."""
