"""Work in other processes and threads."""
