# SPDX-License-Identifier: MIT
# Headless Chromium against `whysocket serve`. Its pictures of the page are left in browser/ of the
# build for people to look at.
add_test(NAME browser_test
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/browser/browser_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(browser_test PROPERTIES TIMEOUT 240)
why_script(browser/conform_page_test 240 ${CMAKE_BINARY_DIR})
