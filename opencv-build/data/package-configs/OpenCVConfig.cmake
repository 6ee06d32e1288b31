# OpenCV @VERSION@ for @ARCHITECTURE@ as static libraries, with the third-party libraries that they need.
#
#   find_package(OpenCV REQUIRED COMPONENTS imgcodecs objdetect)
#   target_link_libraries(program PRIVATE ${OpenCV_LIBS})
#
# Sets OpenCV_LIBS and OpenCV_LIBRARIES (the requested components, or all), OpenCV_INCLUDE_DIRS,
# OpenCV_INSTALL_PATH, OpenCV_LIB_COMPONENTS, OpenCV_VERSION with its parts, OpenCV_SHARED (OFF), and
# OpenCV_<component>_FOUND for each component. OpenCV_SKIP_COMPILER_CHECK disables the compiler check.
# All paths are relative to this file.

cmake_policy(VERSION 3.10...4.0)

get_filename_component(OpenCV_INSTALL_PATH "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(OpenCV_VERSION @VERSION@)
set(OpenCV_VERSION_MAJOR @MAJOR@)
set(OpenCV_VERSION_MINOR @MINOR@)
set(OpenCV_VERSION_PATCH @PATCH@)
set(OpenCV_VERSION_TWEAK 0)
set(OpenCV_VERSION_STATUS "")
set(OpenCV_SHARED OFF)
set(OpenCV_INCLUDE_DIRS "${OpenCV_INSTALL_PATH}/include/opencv4")
set(OpenCV_LIB_COMPONENTS @COMPONENTS@)

# Whether the compiler compiles and links a program and a condition on its macros holds. Only success is cached, for
# the same compiler and flags: the cause of a failure may be fixed later.
function(_opencv_compiler_has condition result)
  string(MD5 key "${condition} ${CMAKE_CXX_COMPILER} ${CMAKE_CXX_COMPILER_ARG1} ${CMAKE_CXX_FLAGS}")
  set(cache_variable "OpenCV_COMPILER_${key}")
  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_QUIET ON)
  check_cxx_source_compiles(
    "#include <cstdlib>\n#if !(${condition})\n#error no\n#endif\nint main() { return 0; }\n" ${cache_variable})
  cmake_pop_check_state()
  if(${cache_variable})
    set(${result} ON PARENT_SCOPE)
  else()
    set(${result} OFF PARENT_SCOPE)
    unset(${cache_variable} CACHE)
  endif()
endfunction()

# Why the compiler cannot use these libraries, or nothing. Without this check, linking would fail with pages of
# undefined symbols, or the program would not start.
function(_opencv_compiler_error result)
  set(${result} "" PARENT_SCOPE)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "CXX" IN_LIST languages)
    set(${result} "OpenCV is C++, and the project does not enable the language CXX." PARENT_SCOPE)
    return()
  endif()
  include(CheckCXXSourceCompiles)
  include(CMakePushCheckState)
  # Pairs of a condition and the error if it does not hold.
  set(requirements
    "1"
    "fails to compile and link an empty program: see cmake's log for its output"
    "defined(__@ARCHITECTURE@__)"
    "does not compile for @ARCHITECTURE@, for which these libraries were compiled"
    "defined(__GLIBC__)"
    "does not compile for glibc, which these libraries need"
    "__GLIBC__ > @GLIBC_MAJOR@ || (__GLIBC__ == @GLIBC_MAJOR@ && __GLIBC_MINOR__ >= @GLIBC_MINOR@)"
    "compiles for a glibc that is older than @GLIBC@, which these libraries need"
    "defined(_LIBCPP_VERSION)"
    "does not use libc++, for which these libraries were compiled: symbols in std::__1 would be undefined"
    "_LIBCPP_VERSION >= @LIBCXX_RELEASE@0000"
    "has a libc++ that is older than release @LIBCXX_RELEASE@, for which these libraries were compiled")
  list(LENGTH requirements last)
  math(EXPR last "${last} - 1")
  set(all "1")
  foreach(at RANGE 0 ${last} 2)
    list(GET requirements ${at} condition)
    string(APPEND all " && (${condition})")
  endforeach()
  # One check in the normal case; each condition is checked separately only to find the error.
  _opencv_compiler_has("${all}" is_supported)
  if(is_supported)
    return()
  endif()
  foreach(at RANGE 0 ${last} 2)
    list(GET requirements ${at} condition)
    _opencv_compiler_has("${condition}" holds)
    if(NOT holds)
      math(EXPR at "${at} + 1")
      list(GET requirements ${at} error_message)
      set(${result} "The C++ compiler `${CMAKE_CXX_COMPILER}` ${error_message}. Compile with \
`${OpenCV_INSTALL_PATH}/bin/c++`, with `zig c++ -target @ZIG_TARGET@`, or with clang and its libc++ \
(-stdlib=libc++ in CMAKE_CXX_FLAGS) of release @LIBCXX_RELEASE@ or newer. To skip this check, set \
OpenCV_SKIP_COMPILER_CHECK to ON." PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# Adds an imported target for a library in lib/; the further arguments are the targets and system libraries it needs.
function(_opencv_library target name)
  if(TARGET ${target})
    return()
  endif()
  add_library(${target} STATIC IMPORTED)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION "${OpenCV_INSTALL_PATH}/lib/lib${name}.a"
    IMPORTED_LINK_INTERFACE_LANGUAGES CXX
    INTERFACE_LINK_LIBRARIES "${ARGN}")
  if(target MATCHES "^opencv_")
    set_target_properties(${target} PROPERTIES
      INTERFACE_INCLUDE_DIRECTORIES "${OpenCV_INCLUDE_DIRS}"
      INTERFACE_COMPILE_FEATURES cxx_std_@CXX_STANDARD@)
  endif()
endfunction()

set(OpenCV_LIBS "")
set(_opencv_missing "")
set(_opencv_wanted ${OpenCV_FIND_COMPONENTS})
if(NOT _opencv_wanted)
  set(_opencv_wanted ${OpenCV_LIB_COMPONENTS})
endif()
foreach(_opencv_component IN LISTS _opencv_wanted)
  # `core` and `opencv_core` are the same.
  string(REGEX REPLACE "^opencv_" "" _opencv_target "${_opencv_component}")
  set(_opencv_target "opencv_${_opencv_target}")
  if(_opencv_target IN_LIST OpenCV_LIB_COMPONENTS)
    set(OpenCV_${_opencv_component}_FOUND ON)
    list(APPEND OpenCV_LIBS ${_opencv_target})
  else()
    set(OpenCV_${_opencv_component}_FOUND OFF)
    if(OpenCV_FIND_REQUIRED_${_opencv_component})
      list(APPEND _opencv_missing ${_opencv_component})
    endif()
  endif()
endforeach()
if(OpenCV_LIBS)
  list(REMOVE_DUPLICATES OpenCV_LIBS)
endif()
set(OpenCV_LIBRARIES ${OpenCV_LIBS})

set(_opencv_error "")
if(_opencv_missing)
  string(REPLACE ";" ", " _opencv_missing "${_opencv_missing}")
  string(REPLACE ";" ", " _opencv_present "${OpenCV_LIB_COMPONENTS}")
  string(REPLACE "opencv_" "" _opencv_present "${_opencv_present}")
  set(_opencv_error "This OpenCV lacks the component(s) ${_opencv_missing}. It has ${_opencv_present}. Components \
are selected by `modules` in the recipe that it was built from, opencv.toml.")
elseif(NOT OpenCV_SKIP_COMPILER_CHECK)
  _opencv_compiler_error(_opencv_error)
endif()

if(_opencv_error)
  set(OpenCV_FOUND OFF)
  set(OpenCV_NOT_FOUND_MESSAGE "${_opencv_error}")
else()
  set(OpenCV_FOUND ON)
  unset(OpenCV_NOT_FOUND_MESSAGE)
  # cmake derives the link order from the dependencies.
@LIBRARIES@
endif()

unset(_opencv_component)
unset(_opencv_error)
unset(_opencv_missing)
unset(_opencv_present)
unset(_opencv_target)
unset(_opencv_wanted)
