#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the documents say of the code is so.

usage: documents_test.py TEST_BUILD
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.scenario import ROOT, check, main

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "s": 1000}

# The numbers of the list of bad input; the gaps are its own.
BAD_INPUT = ("1-3 5-7 9-16 18-20 22-23 25-28 30-31 33-38 40-47 49 51-57 59-60 62-65 67 69-74 76-79 "
             "81-84 86-87 89-90 94-122 124 126-129 131-133")


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def the_example_in_the_readme_is_the_one_that_is_built():
    block = re.search(r"\(`(examples/\w+\.c)`\):\n\n```c\n(.*?)```", read("README.md"), re.S)
    check(block, "README.md has no example")
    code = read(block[1]).split("*/\n", 1)[1].strip("\n")
    check(block[2].strip("\n") == code, f"README.md differs from {block[1]}")
    check(f"\n    {Path(block[1]).stem}" in read("examples/CMakeLists.txt"), "it is not built")


def every_limit_is_listed_with_its_default():
    fields = re.findall(r"^ +(?:size_t|uint\d+_t)\s+(\w+(?:_max|_timeout_ms|_interval_ms));",
                        read("include/whysocket/options.h"), re.M)
    code = dict(re.findall(r"\.(\w+) = ([^\n]*),\n", read("src/core/options.c")))
    listed = dict(re.findall(r"^\| `(\w+)` \| ([^|]*?) \|", read("ARCHITECTURE.md"), re.M))
    check(len(fields) > 10, f"found only {fields}")
    for field in fields:
        check(field in listed, f"ARCHITECTURE.md does not list {field}")
        number = re.match(r"(off|\d+)(?: (KiB|MiB|s)\b)?", listed[field])
        check(number, f"{field}: {listed[field]}")
        said = 0 if number[1] == "off" else int(number[1]) * UNITS.get(number[2], 1)
        # Only "N", "UINT64_C(N) << M" and "(size_t)N << M" are written there.
        term = re.fullmatch(r"(?:UINT64_C\()?(?:\(size_t\))?(\d+)\)?(?: << (\d+))?",
                            code.get(field, "0"))
        check(term, f"{field} = {code.get(field)}")
        real = int(term[1]) << int(term[2] or 0)
        check(said == real, f"{field}: {said} in ARCHITECTURE.md, {real} in src/core/options.c")


def every_file_that_is_named_is_there():
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        names = re.findall(r"`((?:src|tests|tools|include|cmake|examples|docs|po|web)/[\w./-]+)`",
                           text)
        names += [name for name in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)]
        for name in names:
            there = (ROOT / name).exists() or (document.parent / name).exists()
            check(there, f"{document.name}: {name}")


def every_verb_that_is_named_is_in_the_makefile():
    verbs = set(re.search(r"^\.PHONY: (.*)$", read("Makefile"), re.M)[1].split())
    for document in DOCUMENTS:
        for line in re.findall(r"^make((?: [a-z]+\b)+)", document.read_text(encoding="utf-8"), re.M):
            check(set(line.split()) <= verbs, f"{document.name}: make{line}")


def there_is_one_version():
    version = re.search(r"project\(whysocket VERSION (\S+)", read("CMakeLists.txt"))[1]
    header = read("include/whysocket/version.h")
    check(f'"{version}"' in header, f"version.h is not {version}")
    parts = re.findall(r"VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header)
    check(".".join(parts) == version, f"version.h: {parts}")


def tests_named_in(cell):
    """(file, name, whether it is a row of a table) of "a_test: `function`, "row"; b_fuzz"."""
    for file, names in re.findall(r"\b(\w+_(?:test|fuzz))\b(?::((?: *(?:`[^`]+`|\"[^\"]+\"),?)+))?",
                                  cell):
        found = re.findall(r"`([^`]+)`|\"([^\"]+)\"", names)
        yield from ((file, function or row, bool(row)) for function, row in found)
        if not found:
            yield file, None, False


def every_test_that_is_named_is_there():
    sources = {path.stem: path for folder in ("tests/*", "fuzz") for ending in ("c", "py")
               for path in ROOT.glob(f"{folder}/*.{ending}")}
    lists = "".join(read(path.relative_to(ROOT)) for path in
                    [*ROOT.glob("tests/*/tests.cmake"), ROOT / "fuzz/CMakeLists.txt"])
    count = 0
    missing = []
    for document in (ROOT / "docs").glob("*.md"):
        cells = re.findall(r"^\|.*\|([^|]*)\|$", document.read_text(encoding="utf-8"), re.M)
        for file, name, is_row in (named for cell in cells for named in tests_named_in(cell)):
            count += 1
            if file not in sources or not re.search(rf"\b{file}\b", lists):
                missing.append(f"{document.name}: there is no {file}")
                continue
            text = sources[file].read_text(encoding="utf-8")
            # A function is defined, and named again in the list of those that run.
            there = (f'"{name}"' in text if is_row else
                     name is None or len(re.findall(rf"\b{name}\b", text)) > 1)
            if not there:
                missing.append(f"{document.name}: {file} has no {name}")
    check(not missing, "\n".join(missing))
    check(count > 200, f"only {count} tests are named")


def every_function_that_holds_to_a_clause_is_there():
    code = "".join(path.read_text(encoding="utf-8") for folder in ("src", "include")
                   for path in sorted((ROOT / folder).rglob("*.[ch]")))
    cells = re.findall(r"^\|[^|]*\|[^|]*\|([^|]*)\|[^|]*\|$", read("docs/rfc6455.md"), re.M)
    names = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    check(len(names) > 50, f"found only {names}")
    missing = [name for name in sorted(names) if not re.search(rf"\b{name}\b", code)]
    check(not missing, f"docs/rfc6455.md: there is no {', '.join(missing)}")


def every_kind_of_bad_input_is_listed_once():
    wanted = []
    for part in BAD_INPUT.split():
        first, _, last = part.partition("-")
        wanted += range(int(first), int(last or first) + 1)
    rows = re.findall(r"^\| (\d+) \|.*\|([^|]*)\|$", read("docs/bad-input.md"), re.M)
    numbers = [int(number) for number, _ in rows]
    check(numbers == wanted, f"missing, twice or too many: {set(numbers) ^ set(wanted)}, "
          f"{[number for number in numbers if numbers.count(number) > 1]}")
    for number, cell in rows:
        later = re.search(r"\b(?:later: \w|none: |asks for )", cell)
        check(later or any(tests_named_in(cell)), f"{number} has no test: {cell}")


main([
    the_example_in_the_readme_is_the_one_that_is_built,
    every_limit_is_listed_with_its_default,
    every_file_that_is_named_is_there,
    every_verb_that_is_named_is_in_the_makefile,
    there_is_one_version,
    every_test_that_is_named_is_there,
    every_function_that_holds_to_a_clause_is_there,
    every_kind_of_bad_input_is_listed_once,
])
