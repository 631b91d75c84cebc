"""The service: what is sent, what comes back, and when. Only ``client.client`` (and what it needs) imports httpx."""
