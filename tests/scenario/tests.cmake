# SPDX-License-Identifier: MIT
find_program(PYTHON3 python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED) # Debian's has jsonschema

# why_script(NAME SECONDS [argument ...]): a script that writes TAP, with the build's folder and
# what else it is given.
function(why_script path timeout)
  get_filename_component(name ${path} NAME)
  why_command(${name} ${timeout} ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/${path}.py ${ARGN})
endfunction()

add_executable(record_samples support/record_samples.c support/records.c)
target_link_libraries(record_samples PRIVATE why_test_support)

# What it runs is measured, it is not: a sanitizer's memory would be the command's.
add_executable(measure support/measure.c)
target_compile_options(measure PRIVATE -fno-sanitize=all)
target_link_options(measure PRIVATE -fno-sanitize=all)

why_test(scenario/close_record_test)
why_test(scenario/hostile_test)
why_test(scenario/keep_alive_test)
why_test(scenario/pair_test)
why_script(scenario/command_test 120 $<TARGET_FILE:whysocket>)
why_script(scenario/schema_test 120 $<TARGET_FILE:whysocket> $<TARGET_FILE:record_samples>
  ${CMAKE_SOURCE_DIR}/docs)
why_script(scenario/diagnosis_test 300 $<TARGET_FILE:whysocket> ${CMAKE_SOURCE_DIR}/docs)
why_script(scenario/conform_report_test 300 $<TARGET_FILE:whysocket>)
why_script(scenario/aia_ocsp_test 600 $<TARGET_FILE:whysocket> ${CMAKE_SOURCE_DIR}/docs)
why_script(scenario/conform_test 300 $<TARGET_FILE:whysocket> ${CMAKE_SOURCE_DIR}/docs)
why_script(scenario/ktls_command_test 60 $<TARGET_FILE:whysocket>)
why_script(scenario/serve_command_test 120 $<TARGET_FILE:whysocket>)
why_script(scenario/check_test 300 ${CMAKE_BINARY_DIR})
why_script(scenario/connect_test 120 ${CMAKE_BINARY_DIR})
why_script(scenario/lab_test 300 ${CMAKE_BINARY_DIR})
why_script(scenario/conform_faults_test 400 ${CMAKE_BINARY_DIR})
why_script(scenario/lab_check_test 300 ${CMAKE_BINARY_DIR})
why_script(scenario/documents_test 60 ${CMAKE_BINARY_DIR})
why_script(scenario/examples_test 120 ${CMAKE_BINARY_DIR})
why_script(scenario/runner_test 120 ${CMAKE_BINARY_DIR})
# These build a release first, which is kept for the next run.
why_script(scenario/install_test 600 ${CMAKE_BINARY_DIR})
why_script(scenario/symbols_test 600 ${CMAKE_BINARY_DIR})
why_script(scenario/bench_test 300 $<TARGET_FILE:whysocket> ${CMAKE_SOURCE_DIR}/docs)
why_script(scenario/instructions_test 600 ${CMAKE_BINARY_DIR})
why_script(scenario/scaling_test 600 ${CMAKE_BINARY_DIR})

foreach(name keep_alive_test hostile_test serve_command_test ktls_command_test connect_test)
  why_each_loop(${name})
endforeach()
