/* tree.h - a file tree in memory: names, inodes, no content
 *
 * What a tar or a folder declares is gathered here and then written as an
 * EROFS image. Content never passes through: an inode only knows where in the
 * image its data went.
 */
#ifndef IMAGE_TREE_H
#define IMAGE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TREE_NODES_MAX (1u << 20) /* names in one image; a full Debian desktop has 0.3 million */
#define TREE_PUTS_MAX  (1u << 24) /* names given, those included that replace others: members of an archive */
#define TREE_BYTES_MAX (256u << 20) /* of all targets of symlinks and attributes: of a million files with a label of SELinux each, 80 million */
#define TREE_DEPTH_MAX 512	  /* folders in folders; bounds every recursion over a tree */
#define TREE_PATH_MAX  4095	  /* bytes of a path or of a symlink's target, as in Linux */
#define TREE_NAME_MAX  255	  /* bytes of one component, as in Linux */
#define TREE_XATTR_MAX 65536	  /* bytes of one inode's extended attributes, as in Linux, */
#define TREE_XATTRS_MAX 256	  /* and how many; a handful is usual */
#define TREE_HOPS_MAX  40	  /* symlinks followed in one path, as in Linux */

struct xattr {
	struct xattr *next;
	char *name;
	void *value;
	size_t len;
};

/**
 * struct inode - A file of any type
 * @mode:	Type and permissions, as in stat(2)
 * @names:	Names that refer to it; it is freed when the last is replaced or removed
 * @rdev:	Device number as the kernel encodes it (tree_rdev())
 * @target:	Where a symlink points, or NULL
 * @block:	First block of the data in the image (erofs.c)
 * @tail:	Bytes behind the last whole block that are kept for the metadata, or NULL
 * @nid:	Its number in the image; in an index of an archive (tar_index()), where its data begins
 */
struct inode {
	struct inode *next, *prev; /* all of a tree, for freeing */
	uint32_t mode, uid, gid, names, rdev;
	uint32_t mtime_nsec;
	int64_t mtime;
	uint64_t size;
	char *target;
	struct xattr *xattrs;
	uint32_t block, tail_len;
	uint8_t *tail;
	uint64_t nid;
};

/* A name in a folder. */
struct node {
	struct inode *inode;
	struct node *parent; /* the root's is itself */
	struct node *child;  /* of a folder, newest first until tree_sort() */
	struct node *next;   /* sibling */
	struct node *prev;   /* sibling before it, until tree_sort() */
	struct node *chain;  /* same hash */
	uint32_t children, folders;
	uint16_t depth;
	uint16_t layer;	 /* that named it last, or something in it */
	uint16_t hidden; /* the layer whose mark has hidden what is in it of the layers below */
	uint8_t len;
	char name[];
};

/**
 * struct tree - A tree
 * @layer:	0; or the number, from 1 on, of the layer of a container's image that is
 *		put on those before: then white-outs are honoured (tree_white_out())
 * @puts:	Names given so far
 * @bytes:	Of the targets and attributes of what has a name
 */
struct tree {
	struct node *root;
	struct inode *inodes;
	struct node **table;
	size_t slots, count, puts, bytes;
	uint16_t layer;
};

/* Start with a root folder (0755, root:root). */
void tree_init(struct tree *t);
void tree_free(struct tree *t);

/* Return: a new inode that the tree owns and no name refers to yet. */
struct inode *tree_inode(struct tree *t, uint32_t mode);

/**
 * tree_put() - Give an inode a name, in place of what had that name
 * @path:	"a/b", "./a/b" and "/a/b" are the same; "" and "." are the root
 * @inode:	A folder put on a folder gives it its attributes and keeps what is in it
 * @err:	".." in the path, a name or path too long, too many names or bytes of
 *		them; does not name @path
 *
 * Missing parents become folders (0755, root:root). A parent that is a symlink
 * is followed inside the tree, as unpacking would.
 *
 * Return: the node, or NULL
 */
struct node *tree_put(struct tree *t, const char *path, struct inode *inode, struct err *err);

/**
 * tree_white_out() - Apply a white-out of a layer
 * @path:	As a layer has it: "etc/.wh.motd" hides etc/motd, "etc/.wh..wh..opq" all
 *		that is in etc, of the layers below; what @t->layer itself has
 *		named stays, whether it came before or comes afterwards
 *
 * Other names that begin with ".wh..wh." are aufs's own and mean nothing.
 *
 * Source: OCI image specification, layer.md, "Whiteouts".
 */
void tree_white_out(struct tree *t, const char *path);

/* Return: whether the last part of a path is a white-out's name. */
bool tree_is_white_out(const char *path);

/**
 * tree_find() - The node of a path
 * @follow:	Whether a symlink at the end is followed too; on the way they always are
 * Return: the node, or NULL
 */
struct node *tree_find(const struct tree *t, const char *path, bool follow);

/* Put every folder's names in strcmp() order. */
void tree_sort(struct tree *t);

/* Add an extended attribute, or replace the one of that name. Return: 0, or -1 (too large, too many). */
int tree_xattr(struct inode *i, const char *name, const void *value, size_t n, struct err *err);

/* Return: a device number as Linux writes it to disks (new_encode_dev()). */
static inline uint32_t tree_rdev(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

#endif
