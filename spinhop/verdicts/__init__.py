"""What is made of results: does the network do its task, are its limits kept, and what would help."""
