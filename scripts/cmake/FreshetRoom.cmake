# freshet_room(<room> SOURCES ... CALLS <room>... LINKS <library>...)
#
# One static library for each room, with an include root of its own: see/<room>/<room> is a link to the source folder, and
# only targets that may call the room get that root. An include that points up the layers does not compile.
function(freshet_include_root target name folder)
  get_filename_component(parent ${folder} DIRECTORY)
  set(root ${CMAKE_BINARY_DIR}/see/${target})
  file(MAKE_DIRECTORY ${root}/${parent})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${folder} ${root}/${folder} SYMBOLIC)
  target_include_directories(${name} PUBLIC ${root})
endfunction()

function(freshet_room room)
  cmake_parse_arguments(ROOM "" "" "SOURCES;CALLS;LINKS" ${ARGN})
  if(NOT ROOM_SOURCES)
    message(STATUS "${room}/ has no sources yet")
    add_library(freshet_${room} INTERFACE)
    return()
  endif()
  add_library(freshet_${room} STATIC ${ROOM_SOURCES})
  freshet_include_root(${room} freshet_${room} ${room})
  target_link_libraries(freshet_${room} PUBLIC ${ROOM_CALLS} PRIVATE freshet_flags ${ROOM_LINKS})
endfunction()
