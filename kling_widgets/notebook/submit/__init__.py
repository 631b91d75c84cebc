"""From requests to jobs that run."""
