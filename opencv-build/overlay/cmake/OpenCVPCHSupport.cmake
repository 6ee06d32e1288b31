# Precompiled headers by cmake's own means, always: two sources in three share their module's
# src/precomp.hpp, and reading it is more than half of their compile time. OpenCV calls
# ocv_add_precompiled_header_to_target with each such header; ENABLE_PRECOMPILED_HEADERS is not
# asked, because OpenCV forces it off for clang.
set(PCHSupport_FOUND TRUE)

# Part of the interface for Visual Studio, where a header needs a source file of its own.
macro(get_native_precompiled_header target header)
endmacro()

# Modules whose sources never ask which other modules there are. They need not be compiled again
# when that changes: core/base.hpp has them not read the list.
set(modules_that_ignore_the_module_list
  opencv_core opencv_dnn opencv_flann opencv_imgcodecs opencv_imgproc opencv_ml opencv_objdetect
  opencv_photo)

function(ocv_add_precompiled_header_to_target target header)
  if(NOT EXISTS "${header}")
    return()
  endif()
  if(target IN_LIST modules_that_ignore_the_module_list)
    target_compile_definitions(${target} PRIVATE OPENCV_MODULE_LIST_IS_UNUSED)
  endif()
  target_precompile_headers(${target} PRIVATE "${header}")

  # A source with flags of its own (the files dispatched by CPU) cannot share the header: clang
  # refuses one that was compiled for other instruction sets.
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_source_file_property(flags "${source}" COMPILE_FLAGS)
    get_source_file_property(definitions "${source}" COMPILE_DEFINITIONS)
    if(flags OR definitions)
      set_source_files_properties("${source}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
endfunction()
