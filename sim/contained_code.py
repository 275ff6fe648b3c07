"""Compiled functions that only other compiled code calls: nothing is made of them but what their callers contain.

Numba optimizes each function and makes machine code of it, callers or not, and does so again for every value of a
literal argument. Of functions that end up inside of their callers all of that is thrown away, and it is a good part of
the time that compiling takes. Numba also optimizes three times: each function by itself, what it makes with its callees
so that counts of references meet, and then all of it. Here the last is enough (``kept``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numba import njit, types
from numba._dynfunc import make_function
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, Flags, PassManager
from numba.core.compiler_machinery import AnalysisPass, register_pass
from numba.core.typed_passes import AnnotateTypes, NativeLowering


class _Kept(JITCodeLibrary):
    """Code that is optimized once, with its callees in it."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        manager, builder = self._codegen._module_pass_manager()
        manager.run(self._final_module, builder)


class _Optimized(_Kept):
    """Code that others link: optimized, but without machine code."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class _Plain(_Optimized):
    """The same as it was written: optimized where it is contained."""

    def _optimize_final_module(self) -> None:
        pass


class _Flags(Flags):
    """Numba's options of a function, alike where what it calls would be compiled alike.

    Numba looks up what it knows of a call by the options of the caller, a hundred thousand times for the engines, and
    compiles its own functions anew where they differ. By itself it compares all options one by one with those of
    every other caller, and takes them for different where only Python's door to the caller is.
    """

    __slots__ = ()

    def _passed_on(self) -> tuple[Any, ...]:
        return self.nrt, self.error_model, self.forceinline, self.fastmath

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Flags) and self._passed_on() == other._passed_on()

    def __hash__(self) -> int:
        return hash(self._passed_on()[:-1])  # a set is none


def _pipeline(library: type[JITCodeLibrary]) -> type[CompilerBase]:
    """Numba's way from Python to code, which ends in a library of that kind."""
    is_kept = library is _Kept

    @register_pass(mutates_CFG=False, analysis_only=True)
    class Begin(AnalysisPass):
        _name = f"begin_{library.__name__}"

        def __init__(self) -> None:
            AnalysisPass.__init__(self)

        def run_pass(self, state: Any) -> bool:
            state.library = library(state.targetctx.codegen(), state.func_id.func_qualname)
            state.flags.no_compile = not is_kept
            if is_kept:
                state.library.enable_object_caching()
            return False

    @register_pass(mutates_CFG=False, analysis_only=True)
    class End(AnalysisPass):
        _name = f"end_{library.__name__}"

        def __init__(self) -> None:
            AnalysisPass.__init__(self)

        def run_pass(self, state: Any) -> bool:
            lowered, name = state["cr"], state.func_id.func_qualname
            # Compiled callers know code by its entry point; there is nothing behind this one.
            entry = make_function(lowered.fndesc.lookup_module(), name, name, 0, lowered.env, (state.library,))
            state.targetctx.insert_user_function(entry, lowered.fndesc, [state.library])
            state["cr"] = lowered._replace(cfunc=entry)
            return False

    class Pipeline(CompilerBase):
        def define_pipelines(self) -> list[PassManager]:
            passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
            passes.add_pass_after(Begin, AnnotateTypes)
            if not is_kept:
                passes.add_pass_after(End, NativeLowering)
            passes.finalize()
            return [passes]

    return Pipeline


_BARE: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_PIPELINES = {optimized: _pipeline(_Optimized if optimized else _Plain) for optimized in (False, True)}
_KEPT = _pipeline(_Kept)


def contained(*, optimized: bool, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function as part of those that call it; neither Python nor an address can reach it.

    Args:
        optimized: by itself first, so that its loops are made several items at a time while they are simple; and where
            products are fused, the bits of its results do not depend on what surrounds it.
        options: as for ``numba.njit``.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        return _without_literals(njit(pipeline_class=_PIPELINES[optimized], **_BARE, **options)(function))

    return decorate


def kept(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function and keep it for later processes.

    Args:
        options: as for ``numba.njit``.
    """
    if not options.get("parallel"):  # Numba then makes functions of its loops, in its own way
        options["pipeline_class"] = _KEPT

    def decorate(function: Callable[..., Any]) -> Any:
        return _without_literals(njit(cache=True, **options)(function))

    return decorate


def _without_literals(compiled: Any) -> Any:
    """Have compiled code call a function with a number for a number, instead of a version of it for each."""
    template = compiled.get_call_template

    def general(args: Sequence[types.Type], kws: dict[str, types.Type]) -> Any:
        kinds = {name: types.unliteral(kind) for name, kind in kws.items()}
        return template(tuple(types.unliteral(kind) for kind in args), kinds)

    compiled.get_call_template = general
    compiled._compiler._customize_flags = _Flags
    return compiled
