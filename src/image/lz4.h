/* lz4.h - decompressing LZ4 blocks */
#ifndef IMAGE_LZ4_H
#define IMAGE_LZ4_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * lz4_block() - Decompress a block, alone or the next of a frame
 * @in:		@n bytes, all of them the block
 * @out:	Room for @room bytes
 *
 * Source: LZ4 Block Format Description (doc/lz4_Block_format.md of lz4).
 *
 * Return: bytes written, or -1: damaged, or more than @room
 */
ssize_t lz4_block(const uint8_t *in, size_t n, uint8_t *out, size_t room);

#endif
