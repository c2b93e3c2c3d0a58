# SPDX-License-Identifier: MIT
find_program(PYTHON3 python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED) # Debian's has jsonschema

add_executable(record_samples support/record_samples.c support/records.c)
target_link_libraries(record_samples PRIVATE why_test_support)

add_test(NAME command_test COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/scenario/command_test.py
  $<TARGET_FILE:whysocket>)
add_test(NAME schema_test COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/scenario/schema_test.py
  $<TARGET_FILE:whysocket> $<TARGET_FILE:record_samples> ${CMAKE_SOURCE_DIR}/docs)
