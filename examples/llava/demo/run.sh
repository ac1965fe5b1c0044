#!/bin/sh
# Runs MFPO from nothing to a final table: run.sh LLAVA_PROGRAM PHOTOGRAPHS OUTPUT [train options]
# Trains a tokenizer, makes a tiny LLaVA, and trains it on the pairs of this folder. A run that was
# stopped or killed goes on where its last checkpoint was.
set -eu
program=$1 photographs=$2 output=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$output"
if [ ! -f "$output/base/model.safetensors" ]; then
  # The model file stores the names it was made with: fixed relative names keep it the same everywhere.
  rm -rf "$output/tokenizer"
  mkdir -p "$output/tokenizer"
  cp "$here/corpus.txt" "$output/tokenizer/"
  (cd "$output/tokenizer" && spm_train --input=corpus.txt --model_prefix=tokenizer --model_type=bpe \
    --vocab_size=1024 --byte_fallback=true --split_digits=true --normalization_rule_name=identity \
    --add_dummy_prefix=true --remove_extra_whitespaces=false --character_coverage=1.0 --num_threads=1 \
    --minloglevel=1 2>spm_train.log)
  "$program" make-tiny --tokenizer "$output/tokenizer/tokenizer.model" --output "$output/base"
fi

# Matrices this small are faster on one BLAS thread; the trainer's own loops use all cores, and threads
# that wait should sleep: on a busy machine spinning costs ten times what it saves.
export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}" OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
"$program" train --model "$output/base" --pairs "$here/pairs.jsonl" --images "$photographs" \
  --output "$output/run" --prompt hugging_face --train full --batch 4 --micro-batch 4 --epochs-per-level 3 \
  --learning-rate 1e-3 --weight-decay 0.01 --save-every 5 "$@"
echo "The run is in $output/run; examples/llava/README.md says what each file is"
