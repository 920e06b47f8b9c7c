"""The root of the REST API: addresses, problem details, pages of results, description and docs."""
