"""The service over HTTP: requests, replies, polling. Only the clients and ``http/`` import httpx."""
