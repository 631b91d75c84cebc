"""Cell output: figures, live views and tables."""
