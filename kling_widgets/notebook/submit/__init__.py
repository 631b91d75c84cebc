"""From requests to running jobs: submitting, matching reruns, resuming."""
