/* pack_format.h - the letters of a pack; pack.h tells what they mean */
#ifndef STORE_PACK_FORMAT_H
#define STORE_PACK_FORMAT_H

#define PACK_MAGIC     "vmtap-cache\n"
#define PACK_MAGIC_LEN 12
#define PACK_VERSION   1
#define PACK_TAG_LEN   4
#define PACK_ENTRY     "ENTR"
#define PACK_FILE      "FILE"
#define PACK_DATA      "DATA"
#define PACK_SUM       "ESUM"
#define PACK_DONE      "DONE"

#endif
