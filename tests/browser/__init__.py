"""What users see: real notebooks in a real JupyterLab in a real Chromium."""
