"""Pictures, clips and sounds: what they are, and what the service takes of them."""
