# Always precompiles headers, with cmake's own support: two thirds of the sources share their module's src/precomp.hpp,
# and reading it takes more than half of their compile time. OpenCV calls ocv_add_precompiled_header_to_target with each
# such header. ENABLE_PRECOMPILED_HEADERS is ignored, because OpenCV forces it off for clang.
set(PCHSupport_FOUND TRUE)

# OpenCV expects this macro, for Visual Studio, where a precompiled header needs a source file of its own.
macro(get_native_precompiled_header target header)
endmacro()

# Modules whose sources do not depend on the list of modules. When the list changes, they are not recompiled, because
# core/base.hpp then does not include it.
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

  # A source with its own flags (a CPU-dispatched file) cannot share the header: clang rejects one that was compiled for
  # other instruction sets.
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_source_file_property(flags "${source}" COMPILE_FLAGS)
    get_source_file_property(definitions "${source}" COMPILE_DEFINITIONS)
    if(flags OR definitions)
      set_source_files_properties("${source}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
endfunction()
