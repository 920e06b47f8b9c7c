"""What each mail says: pure functions from news and recipient to a `Letter`, one per kind."""
