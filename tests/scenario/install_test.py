#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What `make install` puts in place is whole: others can build against it, each way, and run.

usage: install_test.py TEST_BUILD
"""
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.scenario import ROOT, check, main, release_build, run

CONSUMER = """
#include <whysocket/%s>
#include <string.h>
int main(void) {
    return strcmp(why_version(), WHY_VERSION) != 0 || %s;
}
"""
CONSUMERS = {
    "core": CONSUMER % ("close_code.h>\n#include <whysocket/version.h",
                        "why_close_code_is_sendable(1006)"),
    "whysocket": CONSUMER % ("whysocket.h", "why_code_info(1007)->first != 1007"),
}
PACKAGES = {"core": "whysocket-core", "whysocket": "whysocket"}
CMAKE = """
cmake_minimum_required(VERSION 3.25)
project(consumer C)
find_package(whysocket 0.1 REQUIRED %s CONFIG)
foreach(name core whysocket)
  add_executable(${name} ${name}.c)
  target_link_libraries(${name} whysocket::${name}%s)
endforeach()
"""

build = release_build(sys.argv[1])
temporary = tempfile.TemporaryDirectory(prefix="whysocket-install-")
work = Path(temporary.name)
prefix = build / "prefix"
lib = prefix / "lib"
include = prefix / "include"
environment = dict(os.environ, PKG_CONFIG_PATH=str(lib / "pkgconfig"))
environment.pop("DESTDIR", None)
for name, text in CONSUMERS.items():
    (work / f"{name}.c").write_text(text, encoding="ascii")


def the_prefix_is_honoured():
    shutil.rmtree(prefix, ignore_errors=True)
    run("cmake", "--install", build, env=environment)
    for path in ["bin/whysocket", "include/whysocket/whysocket.h", "lib/libwhysocket.so",
                 "lib/libwhysocket.a", "lib/libwhysocket-core.so", "lib/libwhysocket-core.a",
                 "lib/cmake/whysocket/whysocketConfig.cmake"]:
        check((prefix / path).is_file(), f"{path} is missing")


def the_staging_directory_is_honoured():
    run("cmake", "--install", build, env=dict(environment, DESTDIR=str(work / "stage")))
    check((work / "stage" / prefix.relative_to("/") / "bin/whysocket").is_file(), "no command")
    text = (work / "stage" / lib.relative_to("/") / "pkgconfig/whysocket.pc").read_text()
    check(f"prefix={prefix}\n" in text and "stage" not in text, text)


def every_public_header_is_installed_and_no_other():
    ours = {path.name for path in (ROOT / "include/whysocket").iterdir()}
    installed = {str(path.relative_to(include)) for path in include.rglob("*") if path.is_file()}
    check(installed == {f"whysocket/{name}" for name in ours}, str(installed))


def the_command_runs_from_its_place():
    check("whysocket 0." in run(prefix / "bin/whysocket", "--version", cwd="/", env={}), "version")


def the_libraries_have_a_soname():
    for package in PACKAGES.values():
        dynamic = run("readelf", "-d", lib / f"lib{package}.so")
        check(f"soname: [lib{package}.so.0]" in dynamic, dynamic)
        check("RUNPATH" not in dynamic and "RPATH" not in dynamic, dynamic)


def exported(package):
    lines = run("nm", "-D", "--defined-only", lib / f"lib{package}.so").splitlines()
    return {line.split()[2] for line in lines if " A " not in line}


def declared(headers):
    """The functions of the headers, without what is in comments and macros."""
    text = "\n".join((include / header).read_text(encoding="utf-8") for header in headers)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"^#(?:.*\\\n)*.*", "", text, flags=re.M)
    return set(re.findall(r"\bWHY_API\b[^;(]*?\b(why_\w+)\(", text))


def only_public_names_are_exported():
    for package in PACKAGES.values():
        names = exported(package)
        wrong = [name for name in names if not re.fullmatch(r"why_[a-z]\w*@@WHYSOCKET_0", name)]
        check(names and not wrong, f"{package}: {wrong}")


def every_declared_function_is_exported():
    umbrella = (include / "whysocket/whysocket.h").read_text(encoding="utf-8")
    engine, both = umbrella.split("The knowledge and the runtime")[0], umbrella
    for package, part in [("whysocket-core", engine), ("whysocket", both)]:
        names = declared(re.findall(r'#include "(whysocket/\w+\.h)"', part))
        missing = names - {name.split("@")[0] for name in exported(package)}
        check(len(names) > 10 and not missing, f"{package} lacks {sorted(missing)}")


def the_engine_needs_libc_and_zlib_alone():
    needed = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", lib / "libwhysocket-core.so"))
    check(set(needed) <= {"libc.so.6", "libz.so.1"}, str(needed))


def pkg_config_links_the_shared_libraries():
    for name, package in PACKAGES.items():
        flags = run("pkg-config", "--cflags", "--libs", package, env=environment).split()
        check(not {"-lssl", "-lz"} & set(flags), f"what is inside is not the program's: {flags}")
        run("gcc", "-Wall", "-Wextra", "-Werror", work / f"{name}.c", "-o", work / name, *flags)
        run(work / name, env={"LD_LIBRARY_PATH": str(lib)})


def pkg_config_links_the_static_libraries():
    for name, package in PACKAGES.items():
        flags = run("pkg-config", "--static", "--cflags", "--libs", package,
                    env=environment).split()
        # Ours from the archive; those of the system as it comes.
        flags = [f"-l:lib{package}.a" if flag == f"-l{package}" else flag for flag in flags]
        run("gcc", work / f"{name}.c", "-o", work / f"{name}-static", *flags)
        check("whysocket" not in run("readelf", "-d", work / f"{name}-static"), "not static")
        run(work / f"{name}-static", env={})


def cmake_consumer(components, suffix):
    source = work / f"cmake{suffix}"
    source.mkdir()
    (source / "CMakeLists.txt").write_text(CMAKE % (components, suffix), encoding="ascii")
    for consumer, text in CONSUMERS.items():
        (source / f"{consumer}.c").write_text(text, encoding="ascii")
    run("cmake", "-S", source, "-B", source / "build", "-G", "Ninja",
        f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", source / "build")
    for consumer in CONSUMERS:
        linked = "libwhysocket" in run("readelf", "-d", source / "build" / consumer)
        check(linked == (suffix == ""), f"{consumer}: shared where static was asked for, or so")
        run(source / "build" / consumer, env={})


def cmake_finds_the_shared_libraries():
    cmake_consumer("", "")


def cmake_finds_the_static_libraries():
    cmake_consumer("COMPONENTS static", "_static")


def each_header_stands_alone_in_c_and_cpp():
    source = work / "header.c"
    source.write_text("extern int unit_is_not_empty;\n", encoding="ascii")
    for header in sorted((include / "whysocket").iterdir()):
        for compiler, language, standard in [("gcc", "c", "c11"), ("g++", "c++", "c++17")]:
            run(compiler, "-x", language, f"-std={standard}", "-fsyntax-only", "-Wall", "-Wextra",
                "-Wpedantic", "-Werror", f"-I{include}", "-include", header, source)


def a_cpp_program_links():
    source = work / "program.cpp"
    source.write_text(CONSUMERS["whysocket"], encoding="ascii")
    run("g++", source, "-o", work / "program", f"-I{include}", f"-L{lib}", "-lwhysocket")
    run(work / "program", env={"LD_LIBRARY_PATH": str(lib)})


main([
    the_prefix_is_honoured,
    the_staging_directory_is_honoured,
    every_public_header_is_installed_and_no_other,
    the_command_runs_from_its_place,
    the_libraries_have_a_soname,
    only_public_names_are_exported,
    every_declared_function_is_exported,
    the_engine_needs_libc_and_zlib_alone,
    pkg_config_links_the_shared_libraries,
    pkg_config_links_the_static_libraries,
    cmake_finds_the_shared_libraries,
    cmake_finds_the_static_libraries,
    each_header_stands_alone_in_c_and_cpp,
    a_cpp_program_links,
])
