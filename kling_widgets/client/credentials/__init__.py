"""Sources of the API key and the service's address."""
