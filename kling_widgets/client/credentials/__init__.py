"""Where a key and an address come from."""
