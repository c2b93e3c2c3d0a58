# SPDX-License-Identifier: MIT
why_test(unit/ascii_test)
why_test(unit/backoff_test)
why_test(unit/base64_test)
why_test(unit/close_code_test)
why_test(unit/proxy_env_test)
why_test(unit/proxy_test)
why_test(unit/sha1_test)
why_test(unit/url_test)
