"""What every endpoint of the REST API shares; it knows no release and no deployment."""
