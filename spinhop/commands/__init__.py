"""The commands: each reads its options, makes one public Python call and prints the result."""
