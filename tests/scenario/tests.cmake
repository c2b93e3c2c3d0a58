# SPDX-License-Identifier: MIT
find_program(PYTHON3 python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED) # Debian's has jsonschema

add_executable(record_samples support/record_samples.c support/records.c)
target_link_libraries(record_samples PRIVATE why_test_support)

add_test(NAME command_test COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/scenario/command_test.py
  $<TARGET_FILE:whysocket>)
add_test(NAME schema_test COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/scenario/schema_test.py
  $<TARGET_FILE:whysocket> $<TARGET_FILE:record_samples> ${CMAKE_SOURCE_DIR}/docs)
why_test(scenario/pair_test)
# why_script(NAME SECONDS): a script that writes TAP; it is given the build's folder.
function(why_script path timeout)
  get_filename_component(name ${path} NAME)
  add_test(NAME ${name}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/${path}.py ${CMAKE_BINARY_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout})
endfunction()

add_test(NAME diagnosis_test COMMAND ${PYTHON3}
  ${CMAKE_CURRENT_SOURCE_DIR}/scenario/diagnosis_test.py $<TARGET_FILE:whysocket>
  ${CMAKE_SOURCE_DIR}/docs)
why_script(scenario/check_test 300)
why_script(scenario/documents_test 60)
why_script(scenario/examples_test 120)
why_script(scenario/runner_test 120)
# These build a release first, which is kept for the next run.
why_script(scenario/install_test 600)
why_script(scenario/symbols_test 600)
