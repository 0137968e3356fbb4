# cmake -DLIBRARY=... -DPROGRAM=... -DRESULT=FILE -P same_hash.cmake
# The built-in guest's demo ends with the same hash in the library and in the program.
execute_process(COMMAND ${LIBRARY} hash
  OUTPUT_VARIABLE hash OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${PROGRAM} run -q -a demo --record off --json-result ${RESULT}
  INPUT_FILE /dev/null OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(READ ${RESULT} json)
string(JSON expected GET ${json} hash)
if(NOT hash STREQUAL expected)
  message(FATAL_ERROR "the library ends with ${hash}, the program with ${expected}")
endif()
