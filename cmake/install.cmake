# SPDX-License-Identifier: MIT
# What is installed: two libraries, shared and static, their headers, how others find them, and the
# command. libwhysocket holds all of libwhysocket-core, so a program links one of the two. Test
# builds carry sanitizers, which nobody should install.
if(WHY_TESTS)
  return()
endif()
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/whysocket)
set(version_script ${CMAKE_CURRENT_LIST_DIR}/whysocket.map)

# why_library(NAME OUTPUT_NAME OBJECTS LIBRARIES...): its shared and its static form
function(why_library name output_name objects)
  add_library(why_${name}_shared SHARED ${objects})
  add_library(why_${name}_static STATIC ${objects})
  set_target_properties(why_${name}_shared PROPERTIES
    OUTPUT_NAME ${output_name} EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION} SOVERSION ${WHY_SOVERSION} LINK_DEPENDS ${version_script})
  set_target_properties(why_${name}_static PROPERTIES
    OUTPUT_NAME ${output_name} EXPORT_NAME ${name}_static)
  target_link_options(why_${name}_shared PRIVATE LINKER:--version-script=${version_script})
  if(NOT WHY_SANITIZE) # whose run time is found in the program alone
    target_link_options(why_${name}_shared PRIVATE LINKER:--no-undefined)
  endif()
  target_link_libraries(why_${name}_shared PRIVATE ${ARGN})
  target_link_libraries(why_${name}_static PRIVATE ${ARGN})
  install(TARGETS why_${name}_shared EXPORT whysocketTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(TARGETS why_${name}_static EXPORT whysocketStaticTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endfunction()

why_library(core whysocket-core "${WHY_CORE_OBJECTS}" ZLIB::ZLIB)
why_library(whysocket whysocket "${WHY_ALL_OBJECTS}" ${WHY_ALL_LIBS} idn2)

install(DIRECTORY include/whysocket DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
  PATTERN "*.h")
install(TARGETS whysocket RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# pkg-config
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}
  OUTPUT_VARIABLE pc_libdir)
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_INCLUDEDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}
  OUTPUT_VARIABLE pc_includedir)
foreach(pc whysocket whysocket-core)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${pc}.pc.in ${PROJECT_BINARY_DIR}/${pc}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${pc}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

# find_package(whysocket [COMPONENTS static])
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/whysocketConfig.cmake.in
  ${PROJECT_BINARY_DIR}/whysocketConfig.cmake INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/whysocketConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/whysocketConfig.cmake
  ${PROJECT_BINARY_DIR}/whysocketConfigVersion.cmake DESTINATION ${package_dir})
foreach(export whysocketTargets whysocketStaticTargets)
  install(EXPORT ${export} NAMESPACE whysocket:: DESTINATION ${package_dir})
endforeach()

# The linker of the machine itself has to hear of a new soname.
if(CMAKE_INSTALL_PREFIX MATCHES "^/usr(/local)?$")
  install(CODE [[
    execute_process(COMMAND id -u OUTPUT_VARIABLE why_uid OUTPUT_STRIP_TRAILING_WHITESPACE)
    find_program(WHY_LDCONFIG ldconfig PATHS /sbin /usr/sbin)
    if(why_uid STREQUAL "0" AND "$ENV{DESTDIR}" STREQUAL "" AND WHY_LDCONFIG)
      execute_process(COMMAND ${WHY_LDCONFIG})
    endif()]])
endif()
