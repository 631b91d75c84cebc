"""Motion brush: its control, its widget and its regions."""
