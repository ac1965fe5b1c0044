# SPDX-License-Identifier: MIT
# The curriculum lab knows everything that a curriculum is made of, reads every format alike, writes the
# same bytes twice, and says what is wrong with its input.
#   cmake -DTOOL=<curriculum_lab> -DSOURCE=<project> -DSCRATCH=<folder> -P curriculum_lab.cmake
cmake_minimum_required(VERSION 3.25)

set(errors "")
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH})

# lab(<status> <output pattern> <arguments>...): runs the command in the scratch folder.
function(lab status pattern)
  execute_process(COMMAND ${TOOL} ${ARGN} WORKING_DIRECTORY ${SCRATCH} RESULT_VARIABLE got
                  OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT got EQUAL status OR NOT output MATCHES "${pattern}")
    string(APPEND errors "curriculum_lab ${ARGN}\n  expected status ${status} and '${pattern}', "
                         "got status ${got} and '${output}'\n")
    set(errors "${errors}" PARENT_SCOPE)
  endif()
endfunction()
function(refused pattern)
  lab(1 "${pattern}" draw --output out ${ARGN})
  if(EXISTS ${SCRATCH}/out)
    string(APPEND errors "curriculum_lab ${ARGN}: refused, and wrote nevertheless\n")
    file(REMOVE_RECURSE ${SCRATCH}/out)
  endif()
  set(errors "${errors}" PARENT_SCOPE)
endfunction()
function(same_files a b)
  execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${SCRATCH}/${a} ${SCRATCH}/${b}
                  RESULT_VARIABLE differs OUTPUT_QUIET ERROR_QUIET)
  if(differs)
    string(APPEND errors "${a} and ${b} differ\n")
    set(errors "${errors}" PARENT_SCOPE)
  endif()
endfunction()

# By name, every header of these folders.
foreach(folder schedules pacing mixture)
  file(GLOB headers ${SOURCE}/include/prefopt/curriculum/${folder}/*.hpp)
  if(NOT headers)
    string(APPEND errors "no headers in curriculum/${folder}\n")
  endif()
  foreach(header IN LISTS headers)
    cmake_path(GET header STEM name)
    lab(0 "\n  ${name}: " list)
  endforeach()
endforeach()

# Scores 5 to 1, in four formats: equal pictures but for the name of the file.
file(WRITE ${SCRATCH}/s.txt "5\n4\n\n3\n+2\n1")
file(WRITE ${SCRATCH}/s.csv "id,score,kind\n\"a, \"\"b\"\"\",5,0\nc,4,1\nd,3,0\ne,2,1\nf,1,0\n")
file(WRITE ${SCRATCH}/s.jsonl "{\"score\": 5}\n{\"score\": 4}\n3\n{\"score\": 2.0}\n{\"score\": 1}\n")
foreach(end txt csv jsonl)
  file(MAKE_DIRECTORY ${SCRATCH}/${end})
  file(RENAME ${SCRATCH}/s.${end} ${SCRATCH}/${end}/scores)
endforeach()
lab(0 "^$" draw --scores txt/scores --format text --batch 2 --output text)
lab(0 "^$" draw --scores csv/scores --format csv --batch 2 --output again/csv)
lab(0 "^$" draw --scores jsonl/scores --format jsonl --batch 2 --output jsonl_out)
foreach(file heat_map.svg pacing.svg repeats.svg levels.svg index.html)
  same_files(text/${file} again/csv/${file})
  same_files(text/${file} jsonl_out/${file})
endforeach()
file(READ ${SCRATCH}/text/index.html page)
if(page MATCHES "(src|href|@import|url\\()")
  string(APPEND errors "index.html refers to other files\n")
endif()
# Floats of the bytes AAAA and BBBB.
file(MAKE_DIRECTORY ${SCRATCH}/binary ${SCRATCH}/digits)
file(WRITE ${SCRATCH}/binary/scores "BBBBAAAA")
file(WRITE ${SCRATCH}/digits/scores "48.56470489501953\n12.078431129455566\n")
lab(0 "^$" draw --scores binary/scores --format fp32 --levels 2 --output fp32)
lab(0 "^$" draw --scores digits/scores --format text --levels 2 --output digits)
same_files(fp32/levels.svg digits/levels.svg)
same_files(fp32/index.html digits/index.html)
file(GLOB left RELATIVE ${SCRATCH} ${SCRATCH}/text/*)
list(LENGTH left files)
if(NOT files EQUAL 5)
  string(APPEND errors "expected 5 files, got ${left}\n")
endif()
lab(0 "^$" draw --scores csv/scores --format csv --group-column kind --schedule per_group
    --levels 1 --picture groups.svg)

# What is refused, and in which words.
refused("--schedule: expected one of one_pass, .*up_to_share, got 'onepass'" --schedule onepass)
refused("--pacing: expected one of linear_pacing, .*, got 'cubic'" --schedule paced --pacing cubic)
refused("--mixture: expected one of temperature_weights, annealed_weights, got 'x'"
        --schedule level_mixture --mixture x)
refused("--difficulty: expected one of fixed_root_difficulty" --schedule difficulty_paced
        --difficulty x)
refused("--generate: expected one of normal, .*, got 'pareto'" --generate pareto)
refused("--ranking: expected one of easy_to_hard" --ranking best)
refused("--share: expected .* parameter of one_pass: --epochs, got '.5'" --share .5)
refused("--epochs: expected a whole number, got '1.5'" --epochs 1.5)
refused("--epochs: expected a value, got nothing" --epochs)
refused("--epochs: expected it once, got it again" --epochs 1 --epochs=2)
refused("epochs of phase 0: expected 0 or more, got -1" --epochs -1)
refused("expected a run that draws something, got no draws" --epochs 0)
refused("--levels: expected 1 to 1000000, got 0" --levels 0)
refused("--batch: expected 1 to 100000000, got 0" --batch 0)
refused("--samples: expected 1 to 100000000, got 0" --samples 0)
refused("fractions.1.: expected at least" --fractions .5,.2)
refused("--fractions: expected a number after the last comma" --fractions .5,)
refused("expected one of --fractions, --thresholds and --level-width" --fractions .5 --thresholds 1)
refused("parameter .start.: expected a number in .0, 1., got 2" --schedule paced --start 2)
refused("parameter .rate.: expected a finite number above 0, got -5" --schedule paced --pacing
        exponential_pacing --rate -5)
refused("--inner: expected another schedule" --schedule per_group --inner per_group)
refused("--until: expected 2 numbers" --schedule difficulty_paced --difficulty
        fixed_discrete_difficulty --until .5)
refused("none.txt: expected a file, got nothing" --scores none.txt)
refused("txt/scores: expected a name that ends in .txt" --scores txt/scores)
refused("csv/scores:1: expected a column 'loss' .*, got id, score, kind" --scores csv/scores
        --format csv --column loss)
refused("csv/scores:2: column 'id': expected a number, got 'a, \"b\"'" --scores csv/scores
        --format csv --column id)
refused("jsonl/scores:1: expected an object with the field 'loss'" --scores jsonl/scores
        --format jsonl --column loss)
file(WRITE ${SCRATCH}/nan.txt "1\nnan\n")
refused("score of sample 1: expected a number, got NaN" --scores nan.txt)
file(WRITE ${SCRATCH}/words.txt "1\n2\nthree\n")
refused("words.txt:3: expected a number, got 'three'" --scores words.txt)
file(WRITE ${SCRATCH}/empty.txt "\n")
refused("empty.txt: expected at least one score, got none" --scores empty.txt)
file(WRITE ${SCRATCH}/odd.fp32 "12345")
refused("odd.fp32: expected a multiple of 4 bytes, got 5" --scores odd.fp32)
refused("per_group: expected the group of every sample" --schedule per_group --scores
        binary/scores --format fp32)
lab(1 "expected --output FOLDER or --picture FILE, got neither" draw)
lab(1 "--rate: expected .* these pacing functions: --start, --full-at, got '3'" pacings --pacing
    linear_pacing --rate 3 --picture x.svg)

if(errors)
  message(FATAL_ERROR "${errors}")
endif()
