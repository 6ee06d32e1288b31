# Replaces the rest of libjpeg-turbo's CMakeLists.txt, after the line that sets VERSION (data/trim.toml). Compiles it
# for eight bits per sample. LIBJPEG_TURBO_KERNELS selects the SIMD kernels: x86_64 (assembled by LIBJPEG_TURBO_NASM),
# neon or none.
string(REPLACE "." ";" numbers ${VERSION})
list(GET numbers 0 major)
list(GET numbers 1 minor)
list(GET numbers 2 revision)
math(EXPR LIBJPEG_TURBO_VERSION_NUMBER "${major} * 1000000 + ${minor} * 1000 + ${revision}")
set(JPEG_LIB_VERSION "${VERSION}-62" PARENT_SCOPE)

# Variables that the header templates use.
set(JPEG_LIB_VERSION 62)
set(BUILD "opencv")
set(HIDDEN "__attribute__((visibility(\"hidden\")))")
set(INLINE "__inline__ __attribute__((always_inline))")
set(THREAD_LOCAL "__thread")
set(SIZE_T 8)
set(HAVE_BUILTIN_CTZL 1)
set(C_ARITH_CODING_SUPPORTED 1)
set(D_ARITH_CODING_SUPPORTED 1)
if(NOT LIBJPEG_TURBO_KERNELS STREQUAL "none")
  set(WITH_SIMD 1)
endif()
foreach(header jconfig.h jconfigint.h jversion.h)
  configure_file(${header}.in ${header})
endforeach()

# Files of src/. Those of features that the edits in data/trim.toml turn off are left out: lossless JPEG, palettes, the
# two fast and inexact transforms, and upsampling merged with colour conversion.
set(sources
  jaricom jcapimin jcapistd jcarith jccoefct jccolor jcdctmgr jchuff jcicc jcinit jcmainct jcmarker jcmaster jcomapi
  jcparam jcphuff jcprepct jcsample jctrans jdapimin jdapistd jdarith jdatadst jdatasrc jdcoefct jdcolor jddctmgr
  jdhuff jdicc jdinput jdmainct jdmarker jdmaster jdphuff jdpostct jdsample jdtrans jerror jfdctint jidctint
  jidctred jmemmgr jmemnobs jpeg_nbits jutils)
list(TRANSFORM sources PREPEND src/)
list(TRANSFORM sources APPEND .c)
list(APPEND sources precision12-stubs.c)

if(LIBJPEG_TURBO_KERNELS STREQUAL "x86_64")
  list(APPEND sources simd/x86_64/jsimd.c)
  file(GLOB kernels RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} simd/x86_64/*.asm)
  # Other files include these.
  list(FILTER kernels EXCLUDE REGEX "ext-(sse2|avx2)\\.asm$")
  file(GLOB included simd/nasm/*.inc simd/x86_64/*ext-*.asm)
  foreach(kernel ${kernels})
    get_filename_component(name ${kernel} NAME_WE)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.o)
    # nasm records the file name as given. A relative name keeps this machine's paths out of the object.
    add_custom_command(OUTPUT ${object}
      COMMAND ${LIBJPEG_TURBO_NASM} -f elf64 -DELF -D__x86_64__ -DPIC -Isimd/nasm/ -Isimd/x86_64/ -o ${object} ${kernel}
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
      DEPENDS ${kernel} ${included}
      VERBATIM)
    list(APPEND sources ${object})
  endforeach()
elseif(LIBJPEG_TURBO_KERNELS STREQUAL "neon")
  foreach(intrinsics HAVE_VLD1_S16_X3 HAVE_VLD1_U16_X2 HAVE_VLD1Q_U8_X4)
    set(${intrinsics} 1)
  endforeach()
  configure_file(simd/arm/neon-compat.h.in neon-compat.h)
  file(GLOB kernels simd/arm/*.c)
  # Other files include these.
  list(FILTER kernels EXCLUDE REGEX "ext-neon\\.c$")
  list(APPEND sources ${kernels} simd/arm/aarch64/jchuff-neon.c simd/arm/aarch64/jsimd.c)
endif()

add_library(${JPEG_LIBRARY} STATIC ${OPENCV_3RDPARTY_EXCLUDE_FROM_ALL} ${sources})
target_include_directories(${JPEG_LIBRARY} PRIVATE ${CMAKE_CURRENT_BINARY_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/src)
if(LIBJPEG_TURBO_KERNELS STREQUAL "neon")
  target_compile_definitions(${JPEG_LIBRARY} PRIVATE NEON_INTRINSICS)
endif()
# Warnings in third-party code are not actionable here.
target_compile_options(${JPEG_LIBRARY} PRIVATE -w)
set_target_properties(${JPEG_LIBRARY} PROPERTIES
  OUTPUT_NAME ${JPEG_LIBRARY}
  ARCHIVE_OUTPUT_DIRECTORY ${3P_LIBRARY_OUTPUT_PATH})

ocv_install_target(${JPEG_LIBRARY} EXPORT OpenCVModules
  ARCHIVE DESTINATION ${OPENCV_3P_LIB_INSTALL_PATH} COMPONENT dev OPTIONAL)
# For programs that call the library directly. In a folder of their own, so that they do not hide another copy's
# headers.
install(FILES src/jerror.h src/jmorecfg.h src/jpeglib.h ${CMAKE_CURRENT_BINARY_DIR}/jconfig.h
  DESTINATION include/libjpeg-turbo COMPONENT dev)
ocv_install_3rdparty_licenses(libjpeg-turbo README.md LICENSE.md README.ijg)
