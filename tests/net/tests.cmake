# SPDX-License-Identifier: MIT
why_test(net/client_test)
why_test(net/client_way_test)
why_test(net/client_life_test)
why_test(net/dial_test)
why_test(net/fetch_test)
why_test(net/probe_test)
why_test(net/server_test)
why_test(net/server_limits_test)
why_test(net/reentry_test)
why_test(net/loop_test)
why_test(net/loop_uring_test)
why_test(net/stream_test)
why_test(net/broadcast_test)
why_test(net/half_close_test)
why_test(net/server_tls_test)
why_test(net/ktls_test)
why_test(net/session_end_test)
why_test(net/session_batch_test)
why_script(net/garbage_test 240 ${CMAKE_BINARY_DIR})
why_script(net/serve_test 300 $<TARGET_FILE:whysocket> ${CMAKE_BINARY_DIR})

foreach(name client_test client_way_test client_life_test dial_test fetch_test probe_test server_test
    server_limits_test reentry_test loop_test loop_uring_test stream_test broadcast_test
    server_tls_test ktls_test session_end_test session_batch_test garbage_test
    serve_test)
  why_each_loop(${name})
endforeach()
