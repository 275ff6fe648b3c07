"""Run folders: their files, what each stage left, and whether it is still that."""
