"""What a rule, a resource, a finding and a transition are: the standard library only."""
