# SPDX-License-Identifier: MIT
why_test(unit/close_code_test)
why_test(unit/timer_test)
