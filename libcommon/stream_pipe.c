#include "stream_pipe.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOFT_LIMIT "/proc/sys/fs/pipe-user-pages-soft"
#define SOFT_PAGES 16384 /* the kernel's default */
#define MAX_LARGE 64
#define MAX_SMALL 256

/* Pages of pipe buffer that one user may have. */
static size_t
soft_pages(void)
{
	unsigned long v = SOFT_PAGES;
	FILE *f;

	if ((f = fopen(SOFT_LIMIT, "re")) == NULL)
		return v;
	if (fscanf(f, "%lu", &v) != 1 || v == 0)
		v = SOFT_PAGES;
	fclose(f);
	return v;
}

static size_t
limit(size_t n, size_t max)
{
	return n < max ? n : max;
}

void
stream_pipes_share(struct stream_pipes *p, unsigned share)
{
	size_t bytes = soft_pages() * (size_t)sysconf(_SC_PAGESIZE);

	if (share == 0)
		share = 1;
	p->max[true] = limit(bytes / 2 / STREAM_PIPE_LARGE / share, MAX_LARGE);
	p->max[false] = limit(bytes / 4 / STREAM_PIPE_SMALL / share, MAX_SMALL);
}

void
stream_pipes_init(struct stream_pipes *p, unsigned share)
{
	memset(p, 0, sizeof(*p));
	SLIST_INIT(&p->spare[false]);
	SLIST_INIT(&p->spare[true]);
	stream_pipes_share(p, share);
}

static void
pipe_close(struct stream_pipes *p, struct stream_pipe *pipe)
{
	p->open[pipe->large]--;
	close(pipe->rd);
	close(pipe->wr);
	free(pipe);
}

/* Size the pipe; it is of no use below the size it was wanted for. */
static int
pipe_size(int fd, bool large)
{
	int size;

	if (large)
		size = fcntl(fd, F_SETPIPE_SZ, STREAM_PIPE_LARGE);
	else
		size = fcntl(fd, F_GETPIPE_SZ);
	return size >= (large ? STREAM_PIPE_LARGE : STREAM_PIPE_SMALL) ? 0 : -1;
}

static struct stream_pipe *
pipe_open(struct stream_pipes *p, bool large)
{
	struct stream_pipe *pipe;
	int fd[2];

	if (p->open[large] >= p->max[large])
		return NULL;
	if ((pipe = calloc(1, sizeof(*pipe))) == NULL)
		return NULL;
	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) == -1) {
		free(pipe);
		return NULL;
	}
	pipe->rd = fd[0];
	pipe->wr = fd[1];
	pipe->large = large;
	p->open[large]++;
	if (pipe_size(pipe->wr, large) == -1) {
		pipe_close(p, pipe);
		return NULL;
	}
	return pipe;
}

struct stream_pipe *
stream_pipes_get(struct stream_pipes *p, bool large)
{
	struct stream_pipe *pipe;

	p->used = true;
	if ((pipe = SLIST_FIRST(&p->spare[large])) != NULL) {
		SLIST_REMOVE_HEAD(&p->spare[large], entry);
		p->nspare--;
		return pipe;
	}
	if ((pipe = pipe_open(p, large)) == NULL && large)
		return stream_pipes_get(p, false);
	return pipe;
}

void
stream_pipes_put(struct stream_pipes *p, struct stream_pipe *pipe)
{
	if (pipe->len > 0) {
		pipe_close(p, pipe);
		return;
	}
	SLIST_INSERT_HEAD(&p->spare[pipe->large], pipe, entry);
	p->nspare++;
}

static void
close_spare(struct stream_pipes *p, bool large)
{
	struct stream_pipe *pipe;

	while ((pipe = SLIST_FIRST(&p->spare[large])) != NULL) {
		SLIST_REMOVE_HEAD(&p->spare[large], entry);
		p->nspare--;
		pipe_close(p, pipe);
	}
}

bool
stream_pipes_idle(struct stream_pipes *p)
{
	if (!p->used) {
		close_spare(p, false);
		close_spare(p, true);
	}
	p->used = false;
	return p->nspare > 0;
}

void
stream_pipes_free(struct stream_pipes *p)
{
	close_spare(p, false);
	close_spare(p, true);
}
