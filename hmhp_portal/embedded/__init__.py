"""PostgreSQL and Valkey of our own, from wheels, where none is configured. Standard library only."""
