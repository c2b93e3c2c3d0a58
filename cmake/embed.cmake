# SPDX-License-Identifier: MIT
# Files that travel inside the library: web pages, catalogues of translations.
add_executable(embed EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/tools/embed.c)

# What the build makes and other tools read the sources with (tools/lint).
add_custom_target(generated)

# why_embed(TARGET SYMBOL FILE): FILE as `const uint8_t SYMBOL[]` and `const size_t SYMBOL_len`
function(why_embed target symbol file)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  add_custom_command(OUTPUT ${source} COMMAND embed ${symbol} ${file} ${source}
    DEPENDS embed ${file} VERBATIM)
  target_sources(${target} PRIVATE ${source})
  add_custom_target(${symbol}_source DEPENDS ${source})
  add_dependencies(generated ${symbol}_source)
endfunction()
