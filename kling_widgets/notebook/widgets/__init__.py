"""Building blocks of everything that is shown: widgets, the form's page, styles and scripts."""
