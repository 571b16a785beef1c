/* frozen.c - templates as frozen machines: files that a copy is mapped from */
#include "state/frozen.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "qemu/freezer.h"
#include "state/bases.h"
#include "store/store.h"

#define FORMAT	"3" /* raise it when a frozen machine of an older vmtap must not be used */
#define IMAGE	"image"
#define REFUSED "refused" /* instead of an image: why there is none */

bool frozen_wanted(const struct spec *w, size_t index)
{
	const struct machine_spec *m = &w->machines[index];

	/* The disk of its root is kept beyond its end by vmtap, not by QEMU, and its swtpm would not be in there (machine/tpm.c). */
	return w->freezer && w->accel->kind == ACCEL_TCG && !m->broken && !m->changes && !m->tpm;
}

/* ---- the key ---- */

void frozen_add_host(const struct spec *w, struct sha256 *key)
{
	sha256_add_str(key, w->store);
	sha256_add(key, &w->sandbox, sizeof(w->sandbox));
	freezer_add_host(key);
}

static void make_key(const struct spec *w, size_t index, const char *template, char out[SHA256_HEX])
{
	const struct machine_spec *m = &w->machines[index];
	struct sha256 key;

	sha256_init(&key);
	sha256_add_str(&key, FORMAT);
	sha256_add_str(&key, template);
	frozen_add_host(w, &key);
	for (size_t i = 0; i < m->ndisks; i++)
		sha256_add_str(&key, m->disks[i].path ? m->disks[i].path : "");
	sha256_hex(&key, out);
}

/* ---- finding ---- */

enum frozen frozen_find(const struct spec *w, size_t index, const char *template, struct machine_origin *from)
{
	cleanup_free char *dir = NULL, *path = NULL;
	struct err why = {0};
	char key[SHA256_HEX];

	make_key(w, index, template, key);
	if (!store_find(w->store, FROZEN_KIND, key, &dir))
		return FROZEN_ABSENT;
	path = path_join(dir, IMAGE);
	if (!file_exists(path))
		return FROZEN_REFUSED;
	if (bases_find(w->store, path, from->bases, &why) < 0) {
		log_verbose("%s: what was frozen of it is of no use: %s", w->machines[index].name, why.text);
		store_discard(w->store, FROZEN_KIND, key);
		return FROZEN_ABSENT;
	}
	from->frozen = steal(path);
	from->stays = true;
	return FROZEN_THERE;
}

void frozen_discard(const struct spec *w, size_t index, const char *template)
{
	char key[SHA256_HEX];

	make_key(w, index, template, key);
	store_discard(w->store, FROZEN_KIND, key);
}

/* ---- making ---- */

struct order {
	const struct spec *world;
	size_t index;
	const char *base;
};

static int build(const char *dir, void *arg, struct err *err)
{
	const struct order *o = arg;
	cleanup_free char *image = path_join(dir, IMAGE), *refused = NULL;
	struct making_result r = {0};
	int result = making_freeze(o->world, o->index, o->base, image, &refused, &r);

	if (result < 0)
		err_set(err, "%s", r.reason);
	free(r.reason);
	free(r.console);
	if (result < 0 || !refused)
		return result;
	unlink(image);
	bases_remove(image);
	return store_write_file(dir, REFUSED, refused, strlen(refused), err);
}

int frozen_make(const struct spec *w, size_t index, const char *template, const char *base, struct err *err)
{
	struct order o = {.world = w, .index = index, .base = base};
	cleanup_free char *path = NULL;
	char key[SHA256_HEX];

	make_key(w, index, template, key);
	return store_get(w->store, FROZEN_KIND, key, build, &o, &path, err);
}
