"""REST endpoints that look across rooms: the record with the names of those who acted."""
