"""One package for each heading of the checklist, and for each duty on the way out."""
