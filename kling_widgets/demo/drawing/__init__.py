"""What the demo draws with."""
