"""The user's face of the toolkit: command line, run folders, reports.

Importing ``spinhop`` is light; the parts load what they need when they are called.
"""
