/*
 * Jobs and where they are: see crew.h.
 */
#include "crew.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

static int
job_cmp(const struct job *a, const struct job *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_GENERATE(job_tree, job, node, job_cmp)

struct job *
crew_find(struct crew *c, uint64_t id)
{
	struct job key = { .id = id };

	return RB_FIND(job_tree, &c->tree, &key);
}

struct job *
cworker_find(struct cworker *w, uint64_t id)
{
	struct job *j = crew_find(w->crew, id);

	return j != NULL && j->w == w ? j : NULL;
}

int
crew_keep(struct crew *c, struct job *j, const int fd[2], const void *ab,
    size_t ablen, const void *ba, size_t balen)
{
	struct copy *k;

	if (ablen > RELAY_FIRST_MAX || balen > RELAY_FIRST_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if ((k = malloc(sizeof(*k) + ablen + balen)) == NULL)
		return -1;
	*k = (struct copy){ .fd = { fd[0], fd[1] }, .len = { ablen, balen } };
	if (ablen > 0)
		memcpy(k->bytes, ab, ablen);
	if (balen > 0)
		memcpy(k->bytes + ablen, ba, balen);
	j->copy = k;
	c->copies++;
	return 0;
}

struct job *
crew_job(struct crew *c, size_t size, const int fd[2], const void *ab,
    size_t ablen, const void *ba, size_t balen)
{
	struct job *j;

	if ((j = calloc(1, size)) == NULL)
		return NULL;
	if (crew_keep(c, j, fd, ab, ablen, ba, balen) == -1) {
		free(j);
		return NULL;
	}
	j->id = c->next_id++;
	RB_INSERT(job_tree, &c->tree, j);
	c->count++;
	return j;
}

void
crew_drop_copy(struct crew *c, struct job *j, bool reset)
{
	if (j->copy == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		if (reset)
			net_reset(j->copy->fd[i]);
		else
			close(j->copy->fd[i]);
	}
	free(j->copy);
	j->copy = NULL;
	c->copies--;
}

void
crew_remove(struct crew *c, struct job *j, bool reset)
{
	crew_drop_copy(c, j, reset);
	RB_REMOVE(job_tree, &c->tree, j);
	c->count--;
	free(j);
}

void
cworker_give(struct cworker *w, struct job *j)
{
	j->w = w;
	TAILQ_INSERT_TAIL(&w->jobs, j, entry);
	w->count++;
}

void
crew_wait(struct crew *c, struct job *j)
{
	j->w = NULL;
	TAILQ_INSERT_TAIL(&c->waiting, j, entry);
	c->waits++;
}

void
crew_detach(struct crew *c, struct job *j)
{
	if (j->w == NULL) {
		TAILQ_REMOVE(&c->waiting, j, entry);
		c->waits--;
		return;
	}
	TAILQ_REMOVE(&j->w->jobs, j, entry);
	j->w->count--;
	j->w = NULL;
}

struct cworker *
crew_pick(struct crew *c, const struct job *j, bool room)
{
	struct cworker *w, *best = NULL;

	TAILQ_FOREACH(w, &c->workers, entry) {
		if ((room && w->full) || (j->copy->refused & w->bit) != 0)
			continue;
		if (best == NULL || w->count < best->count)
			best = w;
	}
	return best;
}
