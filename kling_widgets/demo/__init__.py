"""Demo of the video service: a local HTTP server that answers like the real one and makes real MP4s."""
