"""Requests over HTTP: blocking and async drivers, proxies, certificates, logs."""
