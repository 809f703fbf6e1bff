"""What runs before the command line: the environments it needs, made on first use. Standard library only."""
