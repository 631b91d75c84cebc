"""What is seen of each field in the demo's videos."""
