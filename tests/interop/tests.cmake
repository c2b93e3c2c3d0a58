# SPDX-License-Identifier: MIT
why_script(interop/tls_server_test 300 ${CMAKE_BINARY_DIR})
