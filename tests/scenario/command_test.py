#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How the command behaves: exit codes, what goes to stdout and what to stderr, colours, languages.

usage: command_test.py WHYSOCKET
"""
import json
import os
import pty
import subprocess
import sys

WHYSOCKET = sys.argv[1]
CLEAN = {key: value for key, value in os.environ.items()
         if not key.startswith(("LC_", "LANG", "CLICOLOR", "NO_COLOR", "COLUMNS"))}


class Run:
    """One run of the command, with nothing of the tester's own environment."""

    def __init__(self, *arguments, **environment):
        done = subprocess.run([WHYSOCKET, *arguments], capture_output=True, timeout=60,
                              env={**CLEAN, **environment}, stdin=subprocess.DEVNULL)
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8")
        self.err = done.stderr.decode("utf-8")

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out[:600]}\nstderr: {self.err[:600]}"


def check(condition, run):
    if not condition:
        raise AssertionError(repr(run))


def on_a_terminal(*arguments, **environment):
    """What it writes to a terminal of 80 columns."""
    import fcntl
    import struct
    import termios
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen([WHYSOCKET, *arguments], stdout=follower, stdin=subprocess.DEVNULL,
                               env={**CLEAN, "TERM": "xterm", **environment})
    os.close(follower)
    output = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:
            break
        if not piece:
            break
        output += piece
    os.close(leader)
    process.wait(timeout=60)
    return output.decode("utf-8").replace("\r\n", "\n")


def results_go_to_stdout_alone():
    for arguments in (["explain", "1007"], ["compare", "1007", "1015"], ["help"], ["--help"],
                      ["help", "explain"], ["explain", "--help"], ["--version"],
                      ["explain", "--all"], ["explain", "-h"], ["compare", "--version"]):
        run = Run(*arguments)
        check(run.code == 0 and run.err == "" and run.out.endswith("\n"), run)


def every_command_describes_itself():
    overview = Run("help")
    commands = overview.out.split("\nCommands\n")[1].split("\n\n")[0]
    names = [line.split()[0] for line in commands.splitlines()]
    check("explain" in names and names[-1] == "help", overview)
    for name in names[:-1]:
        run = Run("help", name)
        at = [run.out.find(text) for text in (f"Usage\n  whysocket {name} ", "\nWhat it does\n  ",
                                              "\nOptions\n  ", "\nExamples\n  whysocket ",
                                              "\nExit codes\n   0  ", "\n   2  ", "\n   3  ")]
        check(run.code == 0 and -1 not in at and at == sorted(at), run)


def without_a_command_it_shows_the_help_on_stderr():
    run = Run()
    check(run.code == 2 and run.out == "" and "compare" in run.err, run)


def usage_errors_are_one_line_on_stderr():
    for arguments, says in (
            (["explian"], "is explain meant?"),
            (["help", "explian"], "is explain meant?"),
            (["xyzzy", "--surplus"], "no such command"),
            (["explain", "--lnag", "fr"], "is --lang meant?"),
            (["explain", "1007", "--lang"], "--lang needs a value"),
            (["explain", "1007", "--lang", "tlh"], "\"tlh\""),
            (["explain", "1007", "--color=blue"], "is not one of auto, always, never"),
            (["--lang", "fr", "explain", "1007"], "vient d'abord"),
            (["explain"], "is missing"),
            (["explain", "99999"], "16 bits"),
            (["explain", "-1"], "unknown option -1"),
            (["explain", "1003-1000"], "ends before it begins"),
            (["explain", "tls.cert.expird"], "tls.cert.expired"),
            (["explain", "polcy violation"], "Policy violation"),
            (["explain", "\033[31mred\n"], "\\x1b[31mred\\x0a"),
            (["explain", ""], "neither a close code"),
            (["explain", "_ -"], "neither a close code"),
            (["compare", "1007"], "is missing"),
            (["compare", "1007", "1015", "1000"], "one too many"),
            (["compare", "1007", "1007"], "same code twice"),
            (["compare", "1007", "tls."], "only close codes"),
            (["compare", "1007", "1000-1003"], "more than one"),
            (["compare", "1007", "nothing"], "no name of one")):
        run = Run(*arguments)
        check(run.code == 2 and run.out == "", run)
        check(run.err.count("\n") == 1 and says in run.err and run.err.startswith("whysocket"),
              run)


def a_code_that_does_not_exist_says_its_range():
    for code, first_last in (("2500", "1016-2999"), ("999", "0-999"), ("5000", "5000-65535"),
                             ("0", "0-999")):
        run = Run("explain", code)
        check(run.code == 2 and first_last in run.out and first_last in run.err, run)
        check(run.err.count("\n") == 1, run)


def codes_of_a_range_in_use_are_explained():
    for code in ("3005", "4123"):
        run = Run("explain", code)
        check(run.code == 0 and run.out.startswith(code) and run.err == "", run)


def things_are_found_by_the_names_people_use():
    for asked, says in (
            ("1007", "1007 "), ("policy violation", "1008 "), ("Policy_Violation", "1008 "),
            ("policy", "1008 "), ("tls.cert.expired", "tls.cert.expired: "),
            ("TLS.CERT.EXPIRED", "tls.cert.expired: "), ("1000-1003", "1002 "),
            ("1000..1003", "1003 "), ("tls.", "tls.cert.self_signed: "),
            ("tls.cert", "tls.cert.name_mismatch: "), ("discord", "4014"),
            ("cert.expires_soon", "cert.expires_soon: "), ("Staple.", "staple.revoked: "),
            ("cert", "cert.no_san: ")):
        run = Run("explain", asked)
        check(run.code == 0 and says in run.out, run)


def several_things_are_explained_in_order():
    run = Run("explain", "1015", "1007", "utf8.invalid")
    at = [run.out.index(text) for text in ("1015 ", "\n1007 ", "\nutf8.invalid: ")]
    check(run.code == 0 and at == sorted(at), run)


def vendors_meanings_are_shown():
    run = Run("explain", "1007")
    check("Gemini" in run.out, run)


def the_language_is_chosen():
    french = "Quand vous le voyez"
    for environment, expected in (({}, False), ({"LANG": "fr_FR.UTF-8"}, True),
                                  ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, False),
                                  ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "fr_CA"}, True),
                                  ({"LANG": "fr", "LC_ALL": ""}, True),
                                  ({"LC_ALL": "tlh_KX.UTF-8", "LANG": "fr"}, False)):
        run = Run("explain", "1007", **environment)
        check(run.code == 0 and (french in run.out) == expected, (environment, run))
    run = Run("explain", "1007", "--lang=fr", LC_ALL="C")
    check(french in run.out, run)
    run = Run("explain", "1007", "--lang", "en", LC_ALL="fr_FR.UTF-8")
    check(french not in run.out, run)
    run = Run("explain", "--lnag", "--lang", "fr")
    check(run.code == 2 and "option inconnue" in run.err, run)


def french_comparisons_have_their_headings():
    run = Run("compare", "1007", "1015", "--lang", "fr")
    headings = ("Description", "Quand vous le voyez", "Comment résoudre", "Différences clés",
                "Quand utiliser lequel", "En savoir plus")
    at = [run.out.find("\n" + heading + "\n") for heading in headings]
    check(run.code == 0 and -1 not in at and at == sorted(at) and "\n  1. " in run.out, run)


def json_is_pure():
    for arguments in (["explain", "1007", "--json"], ["explain", "--json", "tls."],
                      ["compare", "--json", "1007", "1015"], ["--version", "--json"],
                      ["explain", "2500", "--json"]):
        run = Run(*arguments, CLICOLOR_FORCE="1")
        check(isinstance(json.loads(run.out), dict) and run.out.count("\n") == 1, run)


def colours_are_asked_for_or_seen_to_fit():
    def has_color(text):
        return "\033[" in text
    one = ("explain", "1000")
    check(not has_color(Run(*one).out), "a pipe")
    check(has_color(Run(*one, "--color=always").out), "always")
    check(has_color(Run(*one, "--color=always", NO_COLOR="1").out), "always beats NO_COLOR")
    check(has_color(Run(*one, CLICOLOR_FORCE="1").out), "CLICOLOR_FORCE")
    check(not has_color(Run(*one, CLICOLOR_FORCE="0").out), "CLICOLOR_FORCE=0")
    check(not has_color(Run(*one, CLICOLOR_FORCE="1", NO_COLOR="1").out), "NO_COLOR wins")
    check(has_color(on_a_terminal(*one)), "a terminal")
    check(not has_color(on_a_terminal(*one, NO_COLOR="1")), "NO_COLOR")
    check(not has_color(on_a_terminal(*one, TERM="dumb")), "TERM=dumb")
    check(not has_color(on_a_terminal(*one, "--color", "never")), "never")


def lines_are_wrapped_on_a_terminal_and_whole_in_a_pipe():
    for lang in ("en", "fr"):
        for arguments in (["explain", "--all"], ["compare", "1007", "1015"], ["help"],
                          ["help", "explain"], ["help", "compare"]):
            text = on_a_terminal(*arguments, "--lang", lang, NO_COLOR="1")
            wide = [line for line in text.splitlines()
                    if len(line) > 80 and " " in line.strip()[:80]]
            # What has no space to break at, an address, may stand out.
            wide = [line for line in wide if len(line.split()) > 2]
            check(not wide, "\n".join(wide[:5]))
    piped = Run("explain", "1007").out
    check(max(len(line) for line in piped.splitlines()) > 120, "a paragraph is one line")
    narrow = Run("explain", "1007", COLUMNS="60").out
    check(max(len(line) for line in narrow.splitlines()) <= 60, narrow)


def a_reader_that_goes_away_is_no_crash():
    for arguments in (["explain", "--all"], ["explain", "--all", "--json"]):
        process = subprocess.Popen([WHYSOCKET, *arguments], env=CLEAN, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        process.stdout.read(1)
        process.stdout.close()
        error = process.stderr.read()
        process.stderr.close()
        code = process.wait(timeout=60)
        check(code == 0 and error == b"", (code, error))


def a_full_disk_is_said():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([WHYSOCKET, "explain", "1007"], env=CLEAN, stdout=full,
                              stderr=subprocess.PIPE, timeout=60)
    check(done.returncode == 3 and b"No space left" in done.stderr, done)


def the_version_names_what_is_in_it():
    run = Run("--version")
    check(run.code == 0 and run.out.startswith("whysocket ") and "OpenSSL 3" in run.out
          and "zlib 1" in run.out, run)


TESTS = [results_go_to_stdout_alone, every_command_describes_itself,
         without_a_command_it_shows_the_help_on_stderr,
         usage_errors_are_one_line_on_stderr, a_code_that_does_not_exist_says_its_range,
         codes_of_a_range_in_use_are_explained, things_are_found_by_the_names_people_use,
         several_things_are_explained_in_order, vendors_meanings_are_shown,
         the_language_is_chosen, french_comparisons_have_their_headings, json_is_pure,
         colours_are_asked_for_or_seen_to_fit, lines_are_wrapped_on_a_terminal_and_whole_in_a_pipe,
         a_reader_that_goes_away_is_no_crash, a_full_disk_is_said,
         the_version_names_what_is_in_it]

print(f"1..{len(TESTS)}")
failed = 0
for number, test in enumerate(TESTS, 1):
    try:
        test()
        print(f"ok {number} - {test.__name__}")
    except Exception as problem:  # pylint: disable=broad-except
        failed = 1
        print(f"not ok {number} - {test.__name__}")
        print("\n".join("# " + line for line in str(problem).splitlines()[:40]))
sys.exit(failed)
