/* SPDX-License-Identifier: MIT */
#include "parts.h"

/* An image being laid out: sections in ascending order of their ids. */
typedef struct layout {
  mf_section sections[MF_SECTION_LIMIT];
  const void *content[MF_SECTION_LIMIT]; /* NULL: strings, written one by one */
  uint32_t count;
  uint64_t end;
} layout;

static uint64_t align8(uint64_t offset) { return (offset + 7) & ~UINT64_C(7); }

static void add_section(layout *l, uint32_t id, const void *content, uint64_t rows) {
  const uint64_t offset = align8(l->end), bytes = rows * mf_section_row_bytes(id);
  if (offset + bytes > MF_LIMIT_IMAGE_BYTES) {
    l->end = UINT32_MAX; /* stays too large, whatever follows */
    return;
  }
  l->sections[l->count] = (mf_section){id, (uint32_t)offset, (uint32_t)bytes, (uint32_t)rows};
  l->content[l->count++] = content;
  l->end = offset + bytes;
}

static uint32_t used_tables(const mf_parts *p) {
  uint32_t used = 0;
  for (size_t t = 0; t < MF_TABLE_COUNT; t++) used += p->row_counts[t] != 0;
  return used;
}

/* Empty tables get no section: one content has one form. */
static void lay_out(layout *l, const mf_parts *p, const mf_string_row *rows, uint64_t pool) {
  const uint32_t fixed = MF_SECTION_METADATA;
  l->end = sizeof(mf_image_header) + (fixed + used_tables(p)) * sizeof(mf_section);
  add_section(l, MF_SECTION_STRINGS, NULL, pool);
  add_section(l, MF_SECTION_STRING_ROWS, rows, p->string_count);
  add_section(l, MF_SECTION_CONSTANTS, p->constants, p->constant_count);
  add_section(l, MF_SECTION_CHILDREN, p->children, p->child_count);
  add_section(l, MF_SECTION_CODE, p->code, p->code_count);
  add_section(l, MF_SECTION_LINES, p->lines, p->line_count);
  add_section(l, MF_SECTION_SOURCE, &p->source, 1);
  add_section(l, MF_SECTION_METADATA, p->metadata.p, p->metadata.n);
  for (uint32_t t = 0; t < MF_TABLE_COUNT; t++)
    if (p->row_counts[t]) add_section(l, MF_SECTION_TABLE + t, p->rows[t], p->row_counts[t]);
}

static void put(uint8_t *at, const void *from, size_t n) {
  if (n) memcpy(at, from, n);
}

static void put_strings(uint8_t *at, const mf_parts *p) {
  for (uint32_t i = 0; i < p->string_count; i++) {
    put(at, p->strings[i].p, p->strings[i].n);
    at += p->strings[i].n + 1; /* the NUL is there: the image begins as zeros */
  }
}

static void put_image(uint8_t *image, const layout *l, const mf_parts *p) {
  const mf_image_header header = {
      MF_IMAGE_MAGIC, MF_IMAGE_VERSION, (uint32_t)l->end, l->count, mf_image_digest(), 0, {0, 0}};
  put(image, &header, sizeof header);
  put(image + sizeof header, l->sections, l->count * sizeof(mf_section));
  put_strings(image + l->sections[0].offset, p);
  for (uint32_t i = 1; i < l->count; i++)
    put(image + l->sections[i].offset, l->content[i], l->sections[i].bytes);
  mf_image_seal(image, (size_t)l->end);
}

void mf_image_seal(uint8_t *bytes, size_t n) {
  const mf_hash128 sum = mf_hash128_of(bytes + sizeof(mf_image_header),
                                       n - sizeof(mf_image_header));
  const uint64_t checksum[2] = {sum.low, sum.high};
  put(bytes + offsetof(mf_image_header, checksum), checksum, sizeof checksum);
}

/* The rows of the strings; *pool is the bytes they take with their NULs. */
static mf_string_row *string_rows(const mf_parts *p, const mf_buf *out, uint64_t *pool) {
  const size_t bytes = ((size_t)p->string_count + 1) * sizeof(mf_string_row);
  mf_string_row *rows = mf_realloc(&out->alloc, NULL, 0, bytes);
  *pool = 0;
  for (uint32_t i = 0; rows && i < p->string_count; i++) {
    rows[i] = (mf_string_row){(uint32_t)*pool, (uint32_t)p->strings[i].n};
    *pool += p->strings[i].n + 1;
  }
  return rows;
}

mf_status mf_parts_write(const mf_parts *p, mf_buf *out) {
  uint64_t pool;
  layout l = {.count = 0};
  mf_string_row *rows = string_rows(p, out, &pool);
  if (rows == NULL) return MF_OUT_OF_MEMORY;
  lay_out(&l, p, rows, pool);
  mf_status status = l.end > MF_LIMIT_IMAGE_BYTES ? MF_IMAGE_TOO_LARGE : MF_OK;
  if (status == MF_OK && !mf_buf_reserve(out, (size_t)l.end))
    status = out->too_large ? MF_IMAGE_TOO_LARGE : MF_OUT_OF_MEMORY;
  if (status == MF_OK) {
    memset(out->p + out->n, 0, (size_t)l.end + 1);
    put_image((uint8_t *)out->p + out->n, &l, p);
    out->n += (size_t)l.end;
  }
  mf_realloc(&out->alloc, rows, ((size_t)p->string_count + 1) * sizeof(mf_string_row), 0);
  return status;
}
