# SPDX-License-Identifier: MIT
why_test(unit/close_code_test)
why_test(unit/url_test)
