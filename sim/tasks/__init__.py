"""Tasks: what networks are for, and how well they do it; the paper's baselines and published estimates.

Modules: ``kinds`` (what a task is), ``run_task`` (a design's task on a network), the tasks ``recall``,
``picture_recall`` and ``maxcut``; ``graphs`` (files), ``rudy`` (graph generator), ``optimum`` and ``baselines`` (what
cuts are compared with), ``images``, ``random_recall``, ``estimate`` (the authors' power and energy formulas),
``comparison`` (Table II), ``scores`` (right bits, recalled trials), ``statistics``.
"""
