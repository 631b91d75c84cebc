"""The demo: the other side of the wire, on this machine, with real MP4s. Nothing is loaded here."""
