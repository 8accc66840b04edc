"""Who is told of a transition, and in what form."""
