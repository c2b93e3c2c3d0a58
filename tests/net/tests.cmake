# SPDX-License-Identifier: MIT
why_test(net/client_test)
why_test(net/dial_test)
why_test(net/server_test)
why_test(net/server_limits_test)
why_test(net/reentry_test)
why_test(net/loop_test)
why_test(net/stream_test)
