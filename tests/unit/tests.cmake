# SPDX-License-Identifier: MIT
why_test(unit/args_test $<TARGET_OBJECTS:why_cmd>)
why_test(unit/catalogue_test)
why_test(unit/close_code_test)
why_test(unit/compare_test)
why_test(unit/exit_test $<TARGET_OBJECTS:why_cmd>)
why_test(unit/knowledge_test)
why_test(unit/record_write_test support/records.c)
why_test(unit/text_test)
