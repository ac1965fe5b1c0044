// SPDX-License-Identifier: MIT
#include "preference_images/parquet_rows.hpp"

#include <stdexcept>
#include <string>

#ifdef PREFERENCE_IMAGES_USE_PARQUET
#include <cstddef>
#include <fstream>
#include <memory>
#include <string_view>
#include <utility>

#include <arrow/api.h>
#include <parquet/arrow/reader.h>
#include <nlohmann/json.hpp>

#include "preference_images/part_files.hpp"
#endif

namespace preference_images {

#ifdef PREFERENCE_IMAGES_USE_PARQUET

namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

[[noreturn]] void fail(std::string const& what)
{
  throw std::runtime_error("expected a whole Parquet file, got one with: " + what);
}

void require(arrow::Status const& status)
{
  if (!status.ok()) { fail(status.ToString()); }
}

template <class Value>
Value value_or_throw(arrow::Result<Value> result)
{
  require(result.status());
  return std::move(result).ValueUnsafe();
}

/// The values of one row as JSON, its pictures as files.
struct row_writer {
  fs::path photos;
  index_t number;
  std::string column;
  int pictures = 0;

  ordered_json value(arrow::Scalar const& scalar)
  {
    using arrow::Type;
    if (!scalar.is_valid) { return nullptr; }
    switch (scalar.type->id()) {
      case Type::STRING:
      case Type::LARGE_STRING:
        return std::string(bytes_of(scalar));
      case Type::BINARY:
      case Type::LARGE_BINARY:
        return picture(bytes_of(scalar));
      case Type::STRUCT:
        return object(static_cast<arrow::StructScalar const&>(scalar));
      case Type::LIST:
      case Type::LARGE_LIST:
        return list(static_cast<arrow::BaseListScalar const&>(scalar));
      case Type::DICTIONARY:
        return value(
            *value_or_throw(static_cast<arrow::DictionaryScalar const&>(scalar).GetEncodedValue()));
      case Type::BOOL:
      case Type::INT8:
      case Type::INT16:
      case Type::INT32:
      case Type::INT64:
      case Type::UINT8:
      case Type::UINT16:
      case Type::UINT32:
      case Type::UINT64:
      case Type::FLOAT:
      case Type::DOUBLE:
      case Type::DECIMAL128:
      case Type::DECIMAL256:
        return number_or_truth(scalar.ToString());
      case Type::DATE32:
      case Type::DATE64:
      case Type::TIME32:
      case Type::TIME64:
      case Type::TIMESTAMP:
        return scalar.ToString();
      default:
        throw std::runtime_error("column '" + column +
                                 "': expected texts, bytes, numbers, dates, "
                                 "lists or structs, got the type " +
                                 scalar.type->ToString());
    }
  }

 private:
  static std::string_view bytes_of(arrow::Scalar const& scalar)
  {
    return static_cast<arrow::BaseBinaryScalar const&>(scalar).view();
  }

  /// JSON has no number for NaN and infinities: they stay texts.
  static ordered_json number_or_truth(std::string const& text)
  {
    auto parsed = ordered_json::parse(text, nullptr, false);
    return parsed.is_discarded() ? ordered_json(text) : parsed;
  }

  std::string picture(std::string_view bytes)
  {
    auto name = numbered(number, pictures == 0 ? "" : "_" + std::to_string(pictures));
    ++pictures;
    put(photos / name, std::string(bytes));
    return name;
  }

  ordered_json object(arrow::StructScalar const& scalar)
  {
    auto fields = ordered_json::object();
    auto const& type = static_cast<arrow::StructType const&>(*scalar.type);
    for (int i = 0; i < type.num_fields(); ++i) {
      fields[type.field(i)->name()] = value(*scalar.value[static_cast<std::size_t>(i)]);
    }
    bool const is_picture =
        fields.size() == 2 && fields.contains("bytes") && fields.contains("path");
    if (!is_picture) { return fields; }
    return fields["bytes"].is_null() ? fields["path"] : fields["bytes"];
  }

  ordered_json list(arrow::BaseListScalar const& scalar)
  {
    auto elements = ordered_json::array();
    for (index_t i = 0; i < scalar.value->length(); ++i) {
      elements.push_back(value(*value_or_throw(scalar.value->GetScalar(i))));
    }
    return elements;
  }
};

index_t unpack(fs::path const& file, fs::path const& photos, std::ostream& pairs)
{
  auto settings = parquet::default_arrow_reader_properties();
  settings.set_batch_size(64);
  settings.set_pre_buffer(false);  // would hold the pictures of a whole row group
  auto reading = parquet::default_reader_properties();
  reading.enable_buffered_stream();
  parquet::arrow::FileReaderBuilder builder;
  require(builder.OpenFile(file.string(), false, reading));
  std::unique_ptr<parquet::arrow::FileReader> reader;
  require(builder.properties(settings)->Build(&reader));
  auto const batches = value_or_throw(reader->GetRecordBatchReader());
  index_t number = 0;
  while (auto const batch = value_or_throw(batches->Next())) {
    for (index_t row = 0; row < batch->num_rows(); ++row, ++number) {
      row_writer writer{.photos = photos, .number = number, .column = {}};
      auto line = ordered_json::object();
      for (int column = 0; column < batch->num_columns(); ++column) {
        auto const scalar = value_or_throw(batch->column(column)->GetScalar(row));
        writer.column = batch->column_name(column);
        if (scalar->is_valid) { line[writer.column] = writer.value(*scalar); }
      }
      pairs << line.dump() << '\n';
    }
  }
  return number;
}

}  // namespace

bool has_parquet()
{
  return true;
}

index_t unpack_parquet(fs::path const& file, fs::path const& output)
try {
  fs::create_directories(output / "photos");
  auto const part = output / "pairs.jsonl.part";
  std::ofstream pairs(part, std::ios::binary);
  index_t const rows = unpack(file, output / "photos", pairs);
  pairs.close();
  if (!pairs) { throw std::runtime_error("cannot write " + part.string()); }
  fs::rename(part, output / "pairs.jsonl");
  return rows;
} catch (std::exception const& error) {
  throw std::runtime_error(file.string() + ": " + error.what());
}

#else

bool has_parquet()
{
  return false;
}

index_t unpack_parquet(std::filesystem::path const& file, std::filesystem::path const&)
{
  throw std::runtime_error(
      file.string() +
      ": this program was built without Arrow and Parquet; configure it again with ARROW_INCLUDE, "
      "ARROW_LIBRARY and PARQUET_LIBRARY, or unpack the file with pyarrow (docs/regions.md, "
      "section 7)");
}

#endif

}  // namespace preference_images
