"""HTTP transport: the blocking and async drivers, proxies, certificates, logs."""
