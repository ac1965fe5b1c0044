# SPDX-License-Identifier: MIT
# Compiles SOURCE with the command COMPILE: it must pass, and with PREFOPT_SHOULD_FAIL it must fail and
# print EXPECTED.
execute_process(COMMAND ${COMPILE} ${SOURCE} RESULT_VARIABLE status ERROR_VARIABLE output OUTPUT_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} does not compile as it is:\n${output}")
endif()
execute_process(COMMAND ${COMPILE} -DPREFOPT_SHOULD_FAIL ${SOURCE}
                RESULT_VARIABLE status ERROR_VARIABLE output OUTPUT_VARIABLE output)
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles with PREFOPT_SHOULD_FAIL")
endif()
string(FIND "${output}" "${EXPECTED}" position)
if(EXPECTED STREQUAL "" OR position EQUAL -1)
  message(FATAL_ERROR "${SOURCE} fails without the text \"${EXPECTED}\":\n${output}")
endif()
