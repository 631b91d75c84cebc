"""What touches a disk, and nothing else."""
