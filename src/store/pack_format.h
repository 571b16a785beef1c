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

static_assert(sizeof(PACK_MAGIC) - 1 == PACK_MAGIC_LEN, "the magic has its length");
static_assert(sizeof(PACK_ENTRY) - 1 == PACK_TAG_LEN && sizeof(PACK_FILE) - 1 == PACK_TAG_LEN &&
		      sizeof(PACK_DATA) - 1 == PACK_TAG_LEN && sizeof(PACK_SUM) - 1 == PACK_TAG_LEN &&
		      sizeof(PACK_DONE) - 1 == PACK_TAG_LEN,
	      "all tags have one length");
static_assert(STORE_NAME_MAX <= UINT8_MAX, "the length of a name is one byte");
static_assert(STORE_RUN_MAX <= PACK_DATA_MAX, "an export writes no DATA that an import refuses");

#endif
