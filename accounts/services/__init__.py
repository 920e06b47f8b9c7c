"""What changes people, roles and tokens; each call is one transaction and one event."""
