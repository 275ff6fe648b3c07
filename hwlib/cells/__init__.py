"""Parametric cells of the DW-MTJ and of the crossbar's tiles (``@gf.cell``), and the pure geometry behind them."""
