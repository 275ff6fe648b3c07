"""Moving the walls: a Runge–Kutta pair, events, and the active set of columns that need to be looked at."""
