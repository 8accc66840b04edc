"""Emergency procedures: plan, apply, verify, record, restore."""
