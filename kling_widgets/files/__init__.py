"""Files on disk: atomic writing, locks, names, the data folder."""
