"""What holds data, when it was created, and until when its own service can restore it."""
