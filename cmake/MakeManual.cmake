# Script part of necropsy_manual: the man page and the completion, from the program itself, and the changelog.
file(MAKE_DIRECTORY ${OUT})
execute_process(COMMAND ${PROGRAM} __man ${DATE} OUTPUT_FILE ${OUT}/necropsy.1 COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${PROGRAM} __completion bash OUTPUT_FILE ${OUT}/necropsy COMMAND_ERROR_IS_FATAL ANY)
foreach(file IN ITEMS ${OUT}/necropsy.1 ${CHANGELOG})
  get_filename_component(name ${file} NAME)
  execute_process(COMMAND ${GZIP} -9nc ${file} OUTPUT_FILE ${OUT}/${name}.gz COMMAND_ERROR_IS_FATAL ANY)
endforeach()
