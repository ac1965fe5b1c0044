// SPDX-License-Identifier: MIT
#pragma once
/// \file  Sorted runs of scores as files: keys, each with its index within the run.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <prefopt/core/file.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt::detail {

template <class Key>
struct indexed_key {
  Key key;
  std::uint32_t index;
};

/// Bytes of a record in a file: without the padding that it has in memory.
template <class Key>
constexpr std::size_t run_record_bytes = sizeof(Key) + sizeof(std::uint32_t);

template <class Key>
void encode_run_record(indexed_key<Key> const& record, char* to)
{
  std::memcpy(to, &record.key, sizeof record.key);
  std::memcpy(to + sizeof record.key, &record.index, sizeof record.index);
}

/// Reads a run record by record, a block at a time.
template <class Key>
class run_reader {
 public:
  /// `records` lie in the file; a block has `memory` bytes at most.
  run_reader(block_file file, std::uint64_t records, std::size_t memory)
      : file_(std::move(file)),
        left_(records),
        block_(memory / run_record_bytes<Key> * run_record_bytes<Key>)
  {
  }

  /// The record that is next; beyond the last one its key is above all others.
  indexed_key<Key> const& head() const { return head_; }

  /// Goes on to the next record; to the first at first. Tells `progress` what it read.
  template <class Progress>
  void advance(Progress& progress)
  {
    if (at_ == end_) {
      if (left_ == 0) {
        head_.key = static_cast<Key>(~Key(0));
        return;
      }
      auto const bytes = static_cast<std::size_t>(
          min(std::uint64_t{block_.size()}, left_ * run_record_bytes<Key>));
      file_.read(block_.data(), bytes, 0);
      left_ -= bytes / run_record_bytes<Key>;
      at_ = 0;
      end_ = bytes;
      progress.read(bytes);
    }
    std::memcpy(&head_.key, block_.data() + at_, sizeof(Key));
    std::memcpy(&head_.index, block_.data() + at_ + sizeof(Key), sizeof(std::uint32_t));
    at_ += run_record_bytes<Key>;
  }

 private:
  block_file file_;
  std::uint64_t left_;  // records that are not in the block yet
  std::vector<char> block_;
  std::size_t at_ = 0, end_ = 0;
  indexed_key<Key> head_{};
};

}  // namespace prefopt::detail
