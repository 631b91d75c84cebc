"""The next steps after a video: buttons under finished figures and under ends without a video."""
