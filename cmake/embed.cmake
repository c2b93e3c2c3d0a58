# SPDX-License-Identifier: MIT
# Files that travel inside the library: web pages, catalogues of translations.
add_executable(embed EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/tools/embed.c)

# why_embed(TARGET SYMBOL FILE): FILE as `const uint8_t SYMBOL[]` and `const size_t SYMBOL_len`
function(why_embed target symbol file)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  add_custom_command(OUTPUT ${source} COMMAND embed ${symbol} ${file} ${source}
    DEPENDS embed ${file} VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()
