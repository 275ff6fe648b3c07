"""Walls at a temperature: random forces by the fluctuation–dissipation theorem, fixed steps, trials of a fixed time."""
