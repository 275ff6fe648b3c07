"""What a benchmark needs of the machine: neutral facts, timers, memory bandwidth, processes of their own."""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numba import get_num_threads, njit, prange, set_num_threads

PACKAGES = ("numpy", "scipy", "numba", "xarray")


def facts() -> dict[str, str]:
    """Cores, processor family, memory and versions; nothing that names a machine."""
    names = {"cores": str(os.cpu_count()), "processor": _processor(), "memory": f"{_memory_bytes() / 2**30:.0f} GiB"}
    names |= {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    if (ngspice := shutil.which("ngspice")) is not None:
        said = subprocess.run([ngspice, "--version"], capture_output=True, text=True, check=False).stdout
        found = re.search(r"ngspice-(\d+)", said)
        names["ngspice"] = found[1] if found else "?"
    return names


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.exists() else ""
    found = {key: re.search(rf"^{key}\s*:\s*(.+)$", text, re.M) for key in ("model name", "cpu family")}
    if found["model name"] is None:
        return platform.machine()
    family = f", family {found['cpu family'][1]}" if found["cpu family"] else ""
    return " ".join(found["model name"][1].split()) + family


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def cpu_seconds(call: Callable[[], Any], repeats: int = 5, longest: float = 20.0) -> tuple[float, Any]:
    """Least CPU time of this process over some repeats (fewer when they take ``longest`` s), and the last answer."""
    best, begun = np.inf, time.perf_counter()
    for _ in range(repeats):
        start = time.process_time()
        answer = call()
        best = min(best, time.process_time() - start)
        if time.perf_counter() - begun > longest:
            break
    return best, answer


def wall_seconds(call: Callable[[], Any], repeats: int = 3, longest: float = 20.0) -> tuple[float, Any]:
    """As ``cpu_seconds`` by the clock, for work on all threads."""
    best, begun = np.inf, time.perf_counter()
    for _ in range(repeats):
        start = time.perf_counter()
        answer = call()
        best = min(best, time.perf_counter() - start)
        if time.perf_counter() - begun > longest:
            break
    return best, answer


def best_of(measure: Callable[[], dict[str, Any]], least: dict[str, float], tries: int = 3) -> dict[str, Any]:
    """The first of some measurements in which every named ratio exceeds its least, or the last one.

    What else runs on a machine lowers a ratio for a while; a change of the code lowers it in every try.
    """
    for _ in range(tries):
        row = measure()
        if all(row[name] > bound for name, bound in least.items()):
            break
    return row


def child_cpu_seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """CPU time of the processes that ``call`` started and waited for, and its answer."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = call()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, answer


@njit(parallel=True)
def _triad(a, b, c):
    for k in prange(len(a)):
        a[k] = b[k] + 3.0 * c[k]


def triad_bandwidth(threads: int, megabytes: int = 256, repeats: int = 8) -> float:
    """STREAM's triad in bytes/s, best of some runs: two arrays read, one written, each of ``megabytes`` MB."""
    before = get_num_threads()
    b, c = np.ones(megabytes * 125_000), np.ones(megabytes * 125_000)
    a = np.empty_like(b)
    try:
        set_num_threads(min(threads, before))
        _triad(a, b, c)
        best, _ = wall_seconds(lambda: _triad(a, b, c), repeats)
    finally:
        set_num_threads(before)
    return 3 * b.nbytes / best


def in_own_process(
    call: str, *arguments: float | str, timeout: float, blas_threads: int | None = None, sources: Path | None = None
) -> dict[str, Any]:
    """Call ``module.function`` of this folder in a process of its own.

    Args:
        call: the function; it returns a dictionary.
        arguments: numbers and texts.
        timeout: longest run in s.
        blas_threads: limit of NumPy's linear algebra; the process's default when None.
        sources: where the project is imported from; None: from here.

    Returns:
        Its dictionary with ``peak_bytes``; ``{"failed": reason}`` when it does not end in time, or fails.
    """
    module = call.split(".")[0]
    code = (
        f"import json, resource, {module}\n"
        f"answer = {call}({', '.join(repr(x) for x in arguments)})\n"
        "answer['peak_bytes'] = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print('\\n' + json.dumps(answer))\n"
    )
    first = [str(Path(__file__).parent), *([] if sources is None else [str(sources)])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*first, *filter(None, sys.path)])}
    if blas_threads is not None:
        environment |= {"OPENBLAS_NUM_THREADS": str(blas_threads), "OMP_NUM_THREADS": str(blas_threads)}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", code],  # -P: the folder it is started in would come first
            capture_output=True,
            text=True,
            timeout=timeout,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"not done within {timeout:.0f} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])
