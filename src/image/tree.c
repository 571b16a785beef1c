/* tree.c - a file tree in memory: names, inodes, no content
 *
 * One hash table over (folder, name) serves every lookup, so that 100,000
 * members in one folder cost no more than in many; a folder's children are a
 * plain list, sorted once when the image is written.
 */
#include "image/tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

#define SLOTS_FIRST 1024

static size_t slot_of(const struct tree *t, const struct node *dir, const char *name, size_t n)
{
	uint64_t h = 0xcbf29ce484222325ull ^ (uintptr_t)dir;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3ull;
	return (size_t)(h ^ h >> 32) & (t->slots - 1);
}

static struct node *child_find(const struct tree *t, const struct node *dir, const char *name, size_t n)
{
	struct node *c = t->table[slot_of(t, dir, name, n)];

	while (c && (c->parent != dir || c->len != n || memcmp(c->name, name, n) != 0))
		c = c->chain;
	return c;
}

static void table_grow(struct tree *t)
{
	struct node **old = t->table;
	size_t n = t->slots;

	t->slots = n ? n * 2 : SLOTS_FIRST;
	t->table = xcalloc(t->slots, sizeof(struct node *));
	for (size_t i = 0; i < n; i++)
		for (struct node *c = old[i], *next; c; c = next) {
			size_t s = slot_of(t, c->parent, c->name, c->len);

			next = c->chain;
			c->chain = t->table[s];
			t->table[s] = c;
		}
	free(old);
}

static struct node *node_new(struct inode *inode, const char *name, size_t n)
{
	struct node *c = xcalloc(1, sizeof(*c) + n + 1);

	c->inode = inode;
	c->len = (uint8_t)n;
	memcpy(c->name, name, n);
	inode->names++;
	return c;
}

static struct node *child_add(struct tree *t, struct node *dir, const char *name, size_t n,
			      struct inode *inode, struct err *err)
{
	struct node *c;
	size_t s;

	if (n > TREE_NAME_MAX) {
		err_set(err, "a name in it is longer than %d bytes", TREE_NAME_MAX);
		return NULL;
	}
	if (dir->depth >= TREE_DEPTH_MAX) {
		err_set(err, "it is more than %d folders deep", TREE_DEPTH_MAX);
		return NULL;
	}
	if (t->count >= TREE_NODES_MAX) {
		err_set(err, "there are more than %u files", TREE_NODES_MAX);
		return NULL;
	}
	if (t->count >= t->slots)
		table_grow(t);
	c = node_new(inode, name, n);
	c->parent = dir;
	c->depth = (uint16_t)(dir->depth + 1);
	c->layer = t->layer;
	c->next = dir->child;
	if (c->next)
		c->next->prev = c;
	dir->child = c;
	dir->children++;
	dir->folders += S_ISDIR(inode->mode);
	s = slot_of(t, dir, name, n);
	c->chain = t->table[s];
	t->table[s] = c;
	t->count++;
	return c;
}

static void xattrs_free(struct xattr *x)
{
	while (x) {
		struct xattr *next = x->next;

		free(x->name);
		free(x->value);
		free(x);
		x = next;
	}
}

static void inode_free(struct tree *t, struct inode *i)
{
	if (i->prev)
		i->prev->next = i->next;
	else
		t->inodes = i->next;
	if (i->next)
		i->next->prev = i->prev;
	xattrs_free(i->xattrs);
	free(i->target);
	free(i->tail);
	free(i);
}

/* Return: what an archive can make as large as it likes; compressed, it costs the archive next to nothing. */
static size_t inode_bytes(const struct inode *i)
{
	size_t n = i->target ? strlen(i->target) : 0;

	for (const struct xattr *x = i->xattrs; x; x = x->next)
		n += sizeof(*x) + strlen(x->name) + x->len;
	return n;
}

/* One name less; without any it can never be seen again. */
static void inode_let_go(struct tree *t, struct inode *i)
{
	if (--i->names)
		return;
	t->bytes -= inode_bytes(i);
	inode_free(t, i);
}

static void children_drop(struct tree *t, struct node *dir);

/* Remove a name, which is not the root, and what is below it. */
static void node_drop(struct tree *t, struct node *c)
{
	struct node *dir = c->parent;
	struct node **at = &t->table[slot_of(t, dir, c->name, c->len)];

	children_drop(t, c);
	while (*at != c)
		at = &(*at)->chain;
	*at = c->chain;
	if (c->prev)
		c->prev->next = c->next;
	else
		dir->child = c->next;
	if (c->next)
		c->next->prev = c->prev;
	dir->children--;
	dir->folders -= S_ISDIR(c->inode->mode);
	inode_let_go(t, c->inode);
	t->count--;
	free(c);
}

/* Forget all that is below a folder that stops being one. */
static void children_drop(struct tree *t, struct node *dir)
{
	for (struct node *c = dir->child, *next; c; c = next) {
		next = c->next;
		node_drop(t, c);
	}
}

static void node_set(struct tree *t, struct node *c, struct inode *inode)
{
	bool was = S_ISDIR(c->inode->mode), is = S_ISDIR(inode->mode);

	inode->names++;
	inode_let_go(t, c->inode);
	c->inode = inode;
	c->layer = t->layer;
	if (was && !is)
		children_drop(t, c);
	if (c != t->root)
		c->parent->folders += (uint32_t)is - (uint32_t)was;
}

void tree_init(struct tree *t)
{
	*t = (struct tree){0};
	table_grow(t);
	t->root = node_new(tree_inode(t, S_IFDIR | 0755), "", 0);
	t->root->parent = t->root;
}

/* Free the names below a folder, and not mind what they stood for. */
static void children_forget(struct node *dir)
{
	for (struct node *c = dir->child, *next; c; c = next) {
		next = c->next;
		children_forget(c);
		free(c);
	}
}

void tree_free(struct tree *t)
{
	if (t->root) {
		children_forget(t->root);
		free(t->root);
	}
	for (struct inode *i = t->inodes, *next; i; i = next) {
		next = i->next;
		inode_free(t, i);
	}
	free(t->table);
	*t = (struct tree){0};
}

struct inode *tree_inode(struct tree *t, uint32_t mode)
{
	struct inode *i = xcalloc(1, sizeof(*i));

	i->mode = mode;
	i->next = t->inodes;
	if (i->next)
		i->next->prev = i;
	t->inodes = i;
	return i;
}

/**
 * struct walk - A path on its way down a tree
 * @at:		Where it is
 * @hops:	Symlinks followed so far
 * @make:	The tree, when missing folders are to be made
 */
struct walk {
	const struct tree *tree;
	struct tree *make;
	struct node *at;
	unsigned int hops;
};

static int walk_path(struct walk *w, const char *path, bool follow_last, struct err *err);

static int walk_symlink(struct walk *w, struct node *link, struct err *err)
{
	const char *target = link->inode->target;

	if (++w->hops > TREE_HOPS_MAX)
		return err_set(err, "too many symlinks in its path");
	w->at = target[0] == '/' ? w->tree->root : link->parent;
	return walk_path(w, target, true, err);
}

static int walk_step(struct walk *w, const char *name, size_t n, bool follow, struct err *err)
{
	struct node *next;

	if (n == 0 || (n == 1 && name[0] == '.'))
		return 0;
	if (n == 2 && name[0] == '.' && name[1] == '.') {
		w->at = w->at->parent;
		return 0;
	}
	next = child_find(w->tree, w->at, name, n);
	if (!next && w->make)
		next = child_add(w->make, w->at, name, n, tree_inode(w->make, S_IFDIR | 0755), err);
	else if (!next)
		return err_set(err, "there is no '%.*s'", (int)n, name);
	if (!next)
		return -1;
	if (follow && S_ISLNK(next->inode->mode))
		return walk_symlink(w, next, err);
	if (w->make)
		next->layer = w->make->layer;
	w->at = next;
	return 0;
}

static int walk_path(struct walk *w, const char *path, bool follow_last, struct err *err)
{
	while (*path) {
		size_t n = strcspn(path, "/");
		bool last = path[n + strspn(path + n, "/")] == '\0';

		if (walk_step(w, path, n, !last || follow_last, err) < 0)
			return -1;
		path += n + (path[n] == '/');
		if (*path && !last && !S_ISDIR(w->at->inode->mode)) {
			if (!w->make)
				return err_set(err, "'%s' is not a folder", w->at->name);
			node_set(w->make, w->at, tree_inode(w->make, S_IFDIR | 0755));
		}
	}
	return 0;
}

struct node *tree_find(const struct tree *t, const char *path, bool follow)
{
	struct walk w = {.tree = t, .at = t->root};

	return walk_path(&w, path, follow, NULL) < 0 ? NULL : w.at;
}

/* ".." may only occur in a symlink's target, where it cannot leave the root. */
static int path_check(const char *path, struct err *err)
{
	if (strlen(path) > TREE_PATH_MAX)
		return err_set(err, "its path is longer than %d bytes", TREE_PATH_MAX);
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return err_set(err, "its path leaves the image by '..'");
		path += n + strspn(path + n, "/");
	}
	return 0;
}

static struct node *put(struct tree *t, const char *path, struct inode *inode, struct err *err)
{
	struct walk w = {.tree = t, .make = t, .at = t->root};
	cleanup_free char *dir = NULL;
	const char *end = path + strlen(path), *name;
	struct node *c;

	if (path_check(path, err) < 0)
		return NULL;
	if (++t->puts > TREE_PUTS_MAX) {
		err_set(err, "there are more than %u members", TREE_PUTS_MAX);
		return NULL;
	}
	if (t->bytes > TREE_BYTES_MAX) {
		err_set(err, "all targets of symlinks and attributes have more than %u MB", TREE_BYTES_MAX >> 20);
		return NULL;
	}
	while (end > path && (end[-1] == '/' || (end[-1] == '.' && (end - 1 == path || end[-2] == '/'))))
		end--;
	for (name = end; name > path && name[-1] != '/'; name--)
		;
	dir = xstrndup(path, (size_t)(name - path));
	if (walk_path(&w, dir, true, err) < 0)
		return NULL;
	if (!S_ISDIR(w.at->inode->mode))
		node_set(t, w.at, tree_inode(t, S_IFDIR | 0755));
	if (name == end && !S_ISDIR(inode->mode)) {
		err_set(err, "it would replace the root folder");
		return NULL;
	}
	if (name == end)
		c = w.at;
	else
		c = child_find(t, w.at, name, (size_t)(end - name));
	if (!c)
		return child_add(t, w.at, name, (size_t)(end - name), inode, err);
	node_set(t, c, inode);
	return c;
}

/* On the way to its new name an inode may lose its last other one: a file "a" becomes a folder for the link "a/b" to it. */
struct node *tree_put(struct tree *t, const char *path, struct inode *inode, struct err *err)
{
	struct node *c;

	if (inode->names++ == 0)
		t->bytes += inode_bytes(inode);
	c = put(t, path, inode, err);
	inode->names--;
	return c;
}

/* ---- layers ---- */

#define WHITE_OUT	 ".wh."
#define WHITE_OUT_OTHER	 ".wh..wh."
#define WHITE_OUT_OPAQUE ".wh..wh..opq"

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool tree_is_white_out(const char *path)
{
	return strncmp(last_part(path), WHITE_OUT, strlen(WHITE_OUT)) == 0;
}

/*
 * Remove what is below a folder and was named by layers below @t->layer alone. Nothing of those can come back while
 * this layer is read: once is enough, however often a layer asks for it.
 */
static void hide_below(struct tree *t, struct node *dir)
{
	if (dir->hidden == t->layer)
		return;
	dir->hidden = t->layer;
	for (struct node *c = dir->child, *next; c; c = next) {
		next = c->next;
		if (c->layer < t->layer)
			node_drop(t, c);
		else
			hide_below(t, c);
	}
}

void tree_white_out(struct tree *t, const char *path)
{
	const char *name = last_part(path);
	cleanup_free char *above = xstrndup(path, (size_t)(name - path));
	struct node *dir = tree_find(t, above, true), *c;

	if (!dir)
		return;
	if (strcmp(name, WHITE_OUT_OPAQUE) == 0) {
		hide_below(t, dir);
		return;
	}
	if (strncmp(name, WHITE_OUT_OTHER, strlen(WHITE_OUT_OTHER)) == 0)
		return;
	name += strlen(WHITE_OUT);
	c = child_find(t, dir, name, strlen(name));
	if (c && c->layer < t->layer)
		node_drop(t, c);
	else if (c)
		hide_below(t, c);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct node *const *)a)->name, (*(struct node *const *)b)->name);
}

static void sort_below(struct node *dir)
{
	cleanup_free struct node **list = xcalloc(dir->children, sizeof(struct node *));
	size_t n = 0;

	for (struct node *c = dir->child; c; c = c->next)
		list[n++] = c;
	qsort(list, n, sizeof(struct node *), by_name);
	dir->child = NULL;
	while (n--) {
		list[n]->next = dir->child;
		dir->child = list[n];
		if (S_ISDIR(list[n]->inode->mode))
			sort_below(list[n]);
	}
}

void tree_sort(struct tree *t)
{
	sort_below(t->root);
}

int tree_xattr(struct inode *i, const char *name, const void *value, size_t n, struct err *err)
{
	size_t total = strlen(name) + n, others = 0;
	struct xattr **at = &i->xattrs;
	struct xattr *x;

	while (*at && strcmp((*at)->name, name) != 0) {
		total += strlen((*at)->name) + (*at)->len;
		others++;
		at = &(*at)->next;
	}
	if (total > TREE_XATTR_MAX || strlen(name) > TREE_NAME_MAX)
		return err_set(err, "its extended attributes are larger than %d bytes", TREE_XATTR_MAX);
	if (others >= TREE_XATTRS_MAX)
		return err_set(err, "it has more than %d extended attributes", TREE_XATTRS_MAX);
	if (!*at) {
		*at = xcalloc(1, sizeof(*x));
		(*at)->name = xstrdup(name);
	}
	x = *at;
	free(x->value);
	x->value = xmalloc(n);
	if (n)
		memcpy(x->value, value, n);
	x->len = n;
	return 0;
}
