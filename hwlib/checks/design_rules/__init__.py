"""Design rules: each kind with its check here and in KLayout's script, the rules of a process, and what runs them."""
