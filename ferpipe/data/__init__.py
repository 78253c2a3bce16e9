"""Images to splits, in numpy alone."""
