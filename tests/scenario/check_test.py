#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/check finds what it is there to find: each violation, planted in a copy, is named.

usage: check_test.py TEST_BUILD
"""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.scenario import ROOT, check, main, run

SPDX = "/* SPDX-License-Identifier: MIT */\n"
# What no file may hold is put together here, since this file is looked at as well.
LATER = "TO" + "DO"
HOME = "/ho" + "me/somebody/"
SCRIPT = "tests/scenario/forgotten" + "_script.py"

# behaviour, file, what is appended to it (or begins it), what has to be said, and of which line
# counted from the first that was planted; None where the whole file is meant.
PLANTS = [
    ("base may not include core", "src/base/utf8.c", '#include "core/conn.h"\n',
     "src/base may not include core/", 1),
    ("core may not include tls", "src/core/result.c", '\n#include "tls/tls.h"\n',
     "src/core may not include tls/", 2),
    ("core may not include net", "src/core/result.c", '# include "net/loop.h"\n',
     "src/core may not include net/", 1),
    ("tls may not include core", "src/tls/tls.h", '#include "core/conn.h"\n',
     "src/tls may not include core/", 1),
    ("net may not include cmd", "src/net/loop.h", '#include "cmd/cmd.h"\n',
     "src/net may not include cmd/", 1),
    ("an include names its folder", "src/core/result.c", '#include "cause.h"\n',
     "src/core may not include cause.h", 1),
    ("a library does not print", "src/core/result.c", "void f(void) { printf(\"x\"); }\n",
     "printf() is not used here", 1),
    ("a library does not write to stderr", "src/base/utf8.c", "void f(void) { fputs(x, stderr); }\n",
     "a library does not write to stderr", 1),
    ("a library does not exit", "src/core/result.c", "void f(void) { exit (1); }\n",
     "exit() is not used here", 1),
    ("a library does not abort", "src/core/result.c", "void f(void) { abort(); }\n",
     "abort() is not used here", 1),
    ("a library does not read the environment", "src/core/result.c", "char *f = getenv(x);\n",
     "getenv() is not used here", 1),
    ("a library does not touch signals", "src/core/result.c", "void f(void) { signal(1, 0); }\n",
     "signal() is not used here", 1),
    ("a library does not touch the locale", "src/core/result.c", "char *f = setlocale(1, x);\n",
     "setlocale() is not used here", 1),
    ("a test does not touch the locale either", "tests/support/hex.c", "char *f = setlocale(1, x);\n",
     "setlocale() is not used here", 1),
    *[(f"nobody calls {name}", "src/cmd/main.c", f"\n\nint f(void) {{ return {name}(x); }}\n",
       f"{name}() is not used here", 3)
      for name in ["sprintf", "strcpy", "strcat", "gets", "strtok", "atoi", "atol", "rand",
                   "alloca"]],
    ("a source is in a build target", "src/core/forgotten.c", SPDX,
     "no build target uses this file", None),
    ("a test is in a build target", "tests/unit/forgotten_test.c", SPDX,
     "no build target uses this file", None),
    ("a header is included", "src/core/forgotten.h",
     SPDX + "#ifndef WHY_CORE_FORGOTTEN_H\n#define WHY_CORE_FORGOTTEN_H\n#endif\n",
     "no file includes this header", None),
    ("a script is used", SCRIPT, "# SPDX-License-Identifier: MIT\n",
     "nothing uses this file", None),
    ("a source names its licence", "src/core/bare.c", "int x;\n",
     "no SPDX-License-Identifier: MIT at its head", None),
    ("a tool names its licence", "tools/bare", "#!/bin/sh\n",
     "no SPDX-License-Identifier: MIT at its head", None),
    ("a guard is named after its file", "src/core/wrong.h",
     SPDX + "#ifndef WHY_CORE_RIGHT_H\n#define WHY_CORE_RIGHT_H\n#endif\n",
     "its guard is not WHY_CORE_WRONG_H or", None),
    ("a guard is defined as it is asked for", "src/core/wrong.h",
     SPDX + "#ifndef WHY_CORE_WRONG_H\n#define WHY_CORE_WRONK_H\n#endif\n",
     "its guard is not WHY_CORE_WRONG_H or", None),
    ("no two headers share a guard", "src/core/version.h",
     SPDX + "#ifndef WHY_VERSION_H\n#define WHY_VERSION_H\n#endif\n",
     "include/whysocket/version.h has the same guard", None),
    ("nothing is left for later", "LICENSE", f"{LATER}: the rest\n",
     "what is to be done belongs in an issue", 1),
    ("no path of one machine", "LICENSE", f"see {HOME}notes\n", "a path of one machine", 1),
]
# What looks like a violation, and is none.
INNOCENT = """
/* printf(), exit() and getenv() in a comment; "stderr" too. */
static const char why__text[] = "printf(\\"%d\\"), /* stdout, abort()";
int why__snprintf(void);
void f(struct x *x) { x->signal(1); x.exit(2); why__random(x); why__strand(x); }
"""

temporary = tempfile.TemporaryDirectory(prefix="whysocket-check-")
copy = Path(temporary.name)


def copy_part():
    """The files that are planted in, and what says which files belong to the build: a small tree,
    since it is read once for every row."""
    wanted = {path for _, path, *_ in PLANTS} | {"tools/check"}
    names = run("git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "--cached", "--others",
                "--exclude-standard").splitlines()
    for name in names:
        if (ROOT / name).is_file() and (
                name in wanted or name.startswith("include/")
                or name.endswith((".cmake", "CMakeLists.txt"))):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    run("git", "init", "-q", copy)


def findings():
    done = subprocess.run([copy / "tools/check", copy], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    check(done.returncode == bool(done.stderr.strip()), f"{done.returncode}: {done.stderr}")
    return done.stderr.splitlines()


def a_tree_without_a_finding_is_a_success():
    with tempfile.TemporaryDirectory(prefix="whysocket-check-") as folder:
        run("git", "init", "-q", folder)
        shutil.copy(ROOT / "LICENSE", folder)
        check(run(copy / "tools/check", folder) == "", "it says something")


def planted(path, text):
    """What is found once `text` stands at the end of the file, and how long the file was before."""
    file = copy / path
    before = file.read_text(encoding="utf-8") if file.exists() else None
    file.write_text((before or "") + text, encoding="utf-8")
    try:
        return findings(), (before or "").count("\n")
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_text(before, encoding="utf-8")


def test_of(behaviour, path, text, message, line):
    def test():
        found, before = planted(path, text)
        wanted = f"{path}:{before + line if line else 1}: {message}"
        check(any(one.startswith(wanted) for one in found), f"not found: {wanted}\n{found}")
    test.__name__ = behaviour
    return test


def comments_strings_and_other_names_are_no_calls():
    already = findings()
    found, _ = planted("src/core/result.c", INNOCENT)
    check(found == already, "\n".join(found))


copy_part()
main([*[test_of(*plant) for plant in PLANTS],
      comments_strings_and_other_names_are_no_calls, a_tree_without_a_finding_is_a_success])
