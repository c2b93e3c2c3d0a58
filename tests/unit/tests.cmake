# SPDX-License-Identifier: MIT
why_test(unit/close_code_test)
why_test(unit/tls_cert_test)
why_test(unit/tls_config_test)
why_test(unit/tls_test)
why_test(unit/tls_wire_test)
