# SPDX-License-Identifier: MIT
why_test(scenario/pair_test)
# why_script(NAME SECONDS): a script that writes TAP; it is given the build's folder.
function(why_script path timeout)
  get_filename_component(name ${path} NAME)
  add_test(NAME ${name}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/${path}.py ${CMAKE_BINARY_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout})
endfunction()

# These two build a release first, which is kept for the next run.
why_script(scenario/install_test 300)
why_script(scenario/symbols_test 300)
why_script(scenario/check_test 60)
why_script(scenario/documents_test 30)
why_script(scenario/examples_test 120)
why_script(scenario/runner_test 60)
