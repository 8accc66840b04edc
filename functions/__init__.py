"""One package for each heading of the checklist, and for each function that alerts."""
