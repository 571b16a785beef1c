/* pack_format.h - the letters of a pack; pack.h tells what they mean */
#ifndef STORE_PACK_FORMAT_H
#define STORE_PACK_FORMAT_H

#include <assert.h>
#include <stdint.h>

#include "store/entry.h"
#include "store/pack.h"
#include "store/room.h"

#define PACK_MAGIC     "vmtap-cache\n"
#define PACK_MAGIC_LEN 12
#define PACK_VERSION   1
#define PACK_TAG_LEN   4
#define PACK_ENTRY     "ENTR"
#define PACK_FILE      "FILE"
#define PACK_DATA      "DATA"
#define PACK_SUM       "ESUM"
#define PACK_DONE      "DONE"

static_assert(sizeof(PACK_MAGIC) == PACK_MAGIC_LEN + 1, "the first bytes of a pack");
static_assert(sizeof(PACK_ENTRY) == PACK_TAG_LEN + 1 && sizeof(PACK_FILE) == PACK_TAG_LEN + 1 &&
		      sizeof(PACK_DATA) == PACK_TAG_LEN + 1 && sizeof(PACK_SUM) == PACK_TAG_LEN + 1 &&
		      sizeof(PACK_DONE) == PACK_TAG_LEN + 1,
	      "the letters of a record");
static_assert(STORE_NAME_MAX <= UINT8_MAX, "a name's length is one byte of a pack");
static_assert(STORE_RUN_MAX <= PACK_DATA_MAX, "an import takes what an export writes");

#endif
