#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What is written as JSON is as docs/*.schema.json say.

usage: schema_test.py WHYSOCKET RECORD_SAMPLES DOCS
"""
import copy
import itertools
import json
import subprocess
import sys

import jsonschema

WHYSOCKET, SAMPLES, DOCS = sys.argv[1:]


def validator(name):
    with open(f"{DOCS}/{name}.schema.json", encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def records_follow_the_schema():
    check = validator("close-record")
    lines = output_of(SAMPLES).splitlines()
    assert len(lines) > 200, len(lines)
    for line in lines:
        check.validate(json.loads(line))


def the_schema_of_records_refuses_what_is_no_record():
    check = validator("close-record")
    record = json.loads(output_of(SAMPLES).splitlines()[0])
    for key in record:
        less = copy.deepcopy(record)
        del less[key]
        assert not check.is_valid(less), f"without {key}"
    assert not check.is_valid({**record, "surplus": 1})
    assert not check.is_valid({**record, "code": 70000})
    assert not check.is_valid({**record, "layer": "physical"})


def explanations_follow_the_schema():
    check = validator("explain")
    for lang in ("en", "fr"):
        document = json.loads(output_of(WHYSOCKET, "explain", "--all", "--json", "--lang", lang))
        check.validate(document)
        assert document["lang"] == lang
        kinds = [entry["kind"] for entry in document["entries"]]
        assert kinds.count("code") > 20 and kinds.count("cause") > 80, len(kinds)
        assert kinds.count("notice") > 20, kinds.count("notice")


def comparisons_follow_the_schema():
    check = validator("compare")
    codes = ("1000", "1006", "1007", "1015", "2000", "3000", "4000")
    for a, b in itertools.combinations(codes, 2):
        document = json.loads(output_of(WHYSOCKET, "compare", a, b, "--json", "--lang", "fr"))
        check.validate(document)
        assert document["differences"], (a, b)
        for difference in document["differences"]:
            first, second = (code["facets"][difference["field"]] for code in document["codes"])
            assert [first, second] == difference["values"] and first != second, (a, b)


def a_code_has_the_same_causes_wherever_it_is_explained():
    everything = json.loads(output_of(WHYSOCKET, "explain", "--all", "--json"))["entries"]
    table = {}
    for entry in everything:
        if entry["kind"] == "cause" and entry["code"]:
            table.setdefault(str(entry["code"]), []).append(entry["id"])
    assert len(table["1015"]) > 50, table
    for code, causes in table.items():
        [explained] = json.loads(output_of(WHYSOCKET, "explain", code, "--json"))["entries"]
        assert explained["causes"] == causes, code
        text = output_of(WHYSOCKET, "explain", code)
        assert all(f"\n  {cause} " in text for cause in causes), code
        other = "1007" if code == "1015" else "1015"
        compared = json.loads(output_of(WHYSOCKET, "compare", other, code, "--json"))["codes"]
        assert [one["causes"] for one in compared] == [table[other], causes], code
        text = output_of(WHYSOCKET, "compare", other, code, "--lang=fr")
        assert f"\n  {code}  {', '.join(causes)}\n" in text, text


TESTS = [records_follow_the_schema, the_schema_of_records_refuses_what_is_no_record,
         explanations_follow_the_schema, comparisons_follow_the_schema,
         a_code_has_the_same_causes_wherever_it_is_explained]

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
