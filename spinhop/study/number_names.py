"""Names of numbers of a study's points that more than one module looks at."""

UNSURE = "works_undetermined"
RULES_BROKEN, DRAWING_ERRORS = "rules_broken", "drawing_errors"  # how many, of the operating point and of the drawing
MARGIN = "margin."  # before a rule's name
