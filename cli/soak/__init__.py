"""A soak from the command line: run, judged, told."""
