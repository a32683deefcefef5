#include "kept.h"

#include <sys/socket.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "bindaddr.h"

struct kept {
	TAILQ_ENTRY(kept) entry;
	uint32_t id;
	int fd;
	uint32_t backlog;
	char addr[ADDR_STRLEN];
	char owner[OWNER_MAX];
};

void
kept_init(struct kept_list *ks)
{
	TAILQ_INIT(&ks->list);
	ks->next_id = 1;
}

uint32_t
kept_add(struct kept_list *ks, int fd, const struct pmsg *ask, const char *addr)
{
	struct kept *k;

	if ((k = calloc(1, sizeof(*k))) == NULL)
		return 0;
	k->id = ks->next_id++;
	k->fd = fd;
	k->backlog = ask->backlog;
	strlcpy(k->addr, addr, sizeof(k->addr));
	strlcpy(k->owner, ask->owner, sizeof(k->owner));
	TAILQ_INSERT_TAIL(&ks->list, k, entry);
	return k->id;
}

static void
remove_file(const struct kept *k, int root)
{
	struct addr a;
	char err[128];

	if (addr_parse(&a, k->addr, ADDR_F_UNIX, err, sizeof(err)) == 0)
		bindaddr_unlink(&a, root);
}

static struct kept *
find(struct kept_list *ks, uint32_t id)
{
	struct kept *k;

	TAILQ_FOREACH(k, &ks->list, entry)
		if (k->id == id)
			break;
	return k;
}

void
kept_backlog(struct kept_list *ks, uint32_t id, uint32_t backlog)
{
	struct kept *k = find(ks, id);

	if (k == NULL)
		return;
	k->backlog = backlog;
	/* It listens already: nothing is lost where this fails. */
	(void)listen(k->fd, (int)backlog);
}

void
kept_drop(struct kept_list *ks, uint32_t id, int root)
{
	struct kept *k = find(ks, id);

	if (k == NULL)
		return;
	remove_file(k, root);
	TAILQ_REMOVE(&ks->list, k, entry);
	close(k->fd);
	free(k);
}

void
kept_tell(const struct kept_list *ks, void (*tell)(const struct pmsg *, int fd))
{
	struct pmsg m = { .type = PMSG_KEPT };
	const struct kept *k;

	TAILQ_FOREACH(k, &ks->list, entry) {
		m.keep = k->id;
		m.backlog = k->backlog;
		strlcpy(m.addr, k->addr, sizeof(m.addr));
		strlcpy(m.owner, k->owner, sizeof(m.owner));
		tell(&m, k->fd);
	}
}

void
kept_unlink(const struct kept_list *ks, int root)
{
	const struct kept *k;

	TAILQ_FOREACH(k, &ks->list, entry)
		remove_file(k, root);
}
