#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The engine stands on nothing but mem*: its release objects, joined, ask for no other function.

usage: symbols_test.py TEST_BUILD
"""
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.scenario import Failed, check, main, release_build, run

ALLOWED = re.compile(r"mem(cpy|move|set|cmp|chr)|__cpu_\w+|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail")
ZLIB = re.compile(r"(deflate|inflate)[A-Z]?\w*")
# The files that may call zlib.
DEFLATE = re.compile(r"deflate\w*\.c\.o$")

build = release_build(sys.argv[1])
temporary = tempfile.TemporaryDirectory(prefix="whysocket-symbols-")
work = Path(temporary.name)
objects = [path for folder in ("base", "core")
           for path in sorted((build / f"src/{folder}/CMakeFiles/why_{folder}.dir").rglob("*.o"))]


def undefined(files):
    """What the files, joined, leave for others to define."""
    joined = work / "joined.o"
    run("ld", "-r", "-o", joined, *files)
    return {line.split()[-1] for line in run("nm", "-u", joined).splitlines()}


def not_allowed(files, also=None):
    return sorted(name for name in undefined(files)
                  if not ALLOWED.fullmatch(name) and not (also and also.fullmatch(name)))


def the_engine_calls_only_mem_functions():
    check(len(objects) >= 2, f"found only {objects}")
    wrong = not_allowed(objects, also=ZLIB)
    check(not wrong, f"undefined: {wrong}")


def zlib_is_called_from_the_deflate_files_alone():
    for path in objects:
        calls = [name for name in undefined([path]) if ZLIB.fullmatch(name)]
        check(not calls or DEFLATE.search(path.name), f"{path.name} calls {calls}")


def a_call_that_is_not_allowed_is_found():
    source = work / "planted.c"
    source.write_text("#include <string.h>\nunsigned long why__planted(const char *text);\n"
                      "unsigned long why__planted(const char *text) {\n"
                      "    return strlen(text);\n}\n", encoding="ascii")
    run("gcc", "-O2", "-fno-builtin", "-c", source, "-o", work / "planted.o")
    wrong = not_allowed([*objects, work / "planted.o"], also=ZLIB)
    if "strlen" not in wrong:
        raise Failed(f"strlen is not among {wrong}")


main([
    the_engine_calls_only_mem_functions,
    zlib_is_called_from_the_deflate_files_alone,
    a_call_that_is_not_allowed_is_found,
])
