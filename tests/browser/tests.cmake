# SPDX-License-Identifier: MIT
# Headless Chromium against `whysocket serve`. Its pictures of the page are left in browser/ of the
# build for people to look at.
why_command(browser_test 240 ${CMAKE_CURRENT_SOURCE_DIR}/browser/browser_test.py ${CMAKE_BINARY_DIR})
why_each_loop(browser_test)
why_script(browser/conform_page_test 240 ${CMAKE_BINARY_DIR})
