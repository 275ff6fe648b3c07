"""The paper's tasks: recall of random patterns and images, max-cut, their baselines and published estimates.

Modules: ``graphs`` (files), ``rudy`` (graph generator), ``maxcut`` (the network as solver), ``optimum`` and
``baselines`` (what it is compared with), ``images``, ``random_recall``, ``estimate`` (the authors' power and energy
formulas), ``comparison`` (Table II), ``scores`` (right bits, recalled trials), ``statistics``.
"""
