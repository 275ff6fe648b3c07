"""Compiled functions that compiled code calls by their address, so that it does not contain them.

Numba puts the code of all that a function calls into its own and optimizes it again, at every level of calls. What is
called by address is compiled once, and only where it is needed. Such functions return nothing.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import typeof, types
from numba.core import cgutils
from numba.extending import intrinsic


def address_of(function: Any, *arguments: Any) -> int:
    """Address of a ``kernel``, compiled for arguments of the types of these (examples, or Numba's types)."""
    result = function.get_compile_result(signature_of(*arguments))
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name))


def signature_of(*arguments: Any) -> Any:
    """The signature for which ``address_of`` compiles."""
    return types.void(*(each if isinstance(each, types.Type) else typeof(each) for each in arguments))


@intrinsic
def call(context: Any, address: Any, *arguments: Any) -> Any:
    """In compiled code: call the function at an address with arguments of the types it was compiled for."""
    given = types.Tuple(arguments)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        each = cgutils.unpack_tuple(builder, values[1])
        nothing = context.get_value_type(types.none)
        kind = ir.FunctionType(nothing, [context.get_value_type(kind) for kind in given])
        builder.call(builder.inttoptr(values[0], kind.as_pointer()), each)
        return context.get_dummy_value()

    return types.void(types.int64, given), generate
