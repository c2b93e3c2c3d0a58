# SPDX-License-Identifier: MIT
# Other people's clients and servers against ours, over real sockets.
foreach(name IN ITEMS
    echo_client
    closing_server)
  add_executable(${name} interop/${name}.c interop/plan.c support/loop.c)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE why_internal)
endforeach()

# Where libwebsockets is missing its peer is not built, and its test says so.
find_package(PkgConfig REQUIRED)
pkg_check_modules(LWS IMPORTED_TARGET libwebsockets)
if(LWS_FOUND)
  add_executable(lws_peer interop/peers/lws_peer.c interop/plan.c)
  target_include_directories(lws_peer PRIVATE interop)
  target_link_libraries(lws_peer PRIVATE PkgConfig::LWS)
  # The library is not ours to look for leaks in.
  target_compile_options(lws_peer PRIVATE -fno-sanitize=all)
  target_link_options(lws_peer PRIVATE -fno-sanitize=all)
endif()

foreach(peer IN ITEMS
    websockets
    ws
    lws)
  why_command(interop_${peer} 240
    ${CMAKE_CURRENT_SOURCE_DIR}/interop/interop_test.py ${CMAKE_BINARY_DIR} ${peer})
endforeach()

why_script(interop/tls_server_test 300 ${CMAKE_BINARY_DIR})
why_script(interop/tls_client_test 200 ${CMAKE_BINARY_DIR})
why_script(interop/conform_peers_test 200 ${CMAKE_BINARY_DIR})

# Echo programs for the conformance suite.
add_executable(echo_whysocket interop/echo/echo_whysocket.c support/loop.c)
target_include_directories(echo_whysocket PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(echo_whysocket PRIVATE why_internal)
if(LWS_FOUND)
  add_executable(echo_lws interop/echo/echo_lws.c)
  target_link_libraries(echo_lws PRIVATE PkgConfig::LWS)
  target_compile_options(echo_lws PRIVATE -fno-sanitize=all)
  target_link_options(echo_lws PRIVATE -fno-sanitize=all)
endif()
why_script(interop/conform_own_test 240 ${CMAKE_BINARY_DIR})

foreach(name interop_websockets interop_ws interop_lws tls_server_test conform_own_test)
  why_each_loop(${name})
endforeach()
