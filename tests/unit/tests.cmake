# SPDX-License-Identifier: MIT
why_test(unit/close_code_test)
why_test(unit/knowledge_test)
add_test(NAME translations COMMAND ${CMAKE_SOURCE_DIR}/tools/check-translations)
