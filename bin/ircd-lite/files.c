#include "files.h"

#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "fileio.h"

struct file {
	STAILQ_ENTRY(file) entry;
	char *path;
	char *text; /* NULL: error */
	size_t len;
	int error;
};

struct files {
	STAILQ_HEAD(, file) list;
	unsigned count;
	size_t bytes;
};

struct files *
files_new(void)
{
	struct files *fs;

	if ((fs = calloc(1, sizeof(*fs))) != NULL)
		STAILQ_INIT(&fs->list);
	return fs;
}

static void
file_free(struct file *f)
{
	if (f->text != NULL)
		explicit_bzero(f->text, f->len);
	free(f->text);
	free(f->path);
	free(f);
}

void
files_free(struct files *fs)
{
	struct file *f;

	if (fs == NULL)
		return;
	while ((f = STAILQ_FIRST(&fs->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&fs->list, entry);
		file_free(f);
	}
	free(fs);
}

static char *
copy(const char *text, size_t len)
{
	char *p;

	if ((p = malloc(len + 1)) == NULL)
		return NULL;
	memcpy(p, text, len);
	p[len] = '\0';
	return p;
}

/* One more; text becomes its own if all is well. */
static int
add(struct files *fs, const char *path, char *text, size_t len, int error)
{
	struct file *f;

	if (fs->count >= FILES_MAX || len > FILES_BYTES - fs->bytes) {
		errno = EFBIG;
		return -1;
	}
	if ((f = calloc(1, sizeof(*f))) == NULL ||
	    (f->path = strdup(path)) == NULL) {
		free(f);
		return -1;
	}
	f->text = text;
	f->len = len;
	f->error = error;
	fs->count++;
	fs->bytes += len;
	STAILQ_INSERT_TAIL(&fs->list, f, entry);
	return 0;
}

char *
files_read(void *arg, const char *path, size_t *len)
{
	char *text, *kept = NULL;
	int error;

	*len = 0;
	text = conf_open_file(NULL, path, len);
	error = text == NULL ? errno : 0;
	if (text != NULL && (kept = copy(text, *len)) == NULL)
		error = errno;
	else if (add(arg, path, kept, text == NULL ? 0 : *len, error) == -1)
		error = errno;
	else if (text != NULL)
		return text;
	free(kept);
	free(text);
	errno = error;
	return NULL;
}

char *
files_given(void *arg, const char *path, size_t *len)
{
	struct files *fs = arg;
	struct file *f;

	STAILQ_FOREACH(f, &fs->list, entry)
		if (strcmp(f->path, path) == 0)
			break;
	if (f == NULL || f->text == NULL) {
		errno = f == NULL ? ENOENT : f->error;
		return NULL;
	}
	*len = f->len;
	return copy(f->text, f->len);
}

int
files_tell(const struct files *fs, void (*tell)(const struct pmsg *, int fd))
{
	static struct pmsg m;
	const struct file *f;
	int fd = -1;

	STAILQ_FOREACH(f, &fs->list, entry) {
		m = (struct pmsg){ .type = PMSG_FILE };
		if (strlcpy(m.text, f->path, sizeof(m.text)) >=
		    sizeof(m.text)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		m.id = (uint32_t)f->len;
		m.value = (uint32_t)f->error;
		fd = -1;
		if (f->text != NULL &&
		    (fd = fileio_memory("ircd-lite", f->text, f->len)) == -1)
			return -1;
		tell(&m, fd);
		if (fd != -1)
			close(fd);
	}
	return 0;
}

int
files_put(struct files *fs, const struct pmsg *m, int fd)
{
	char *text;

	if (m->value != 0)
		return add(fs, m->text, NULL, 0, (int)m->value);
	if (m->id > FILES_BYTES || fd == -1) {
		errno = EINVAL;
		return -1;
	}
	if ((text = files_from_memory(fd, m->id)) == NULL)
		return -1;
	if (add(fs, m->text, text, m->id, 0) == 0)
		return 0;
	free(text);
	return -1;
}

/* --- memory files ------------------------------------------------------- */

char *
files_from_memory(int fd, size_t len)
{
	size_t off = 0;
	char *text;
	ssize_t n;

	if ((text = malloc(len + 1)) == NULL)
		return NULL;
	while (off < len) {
		n = pread(fd, text + off, len - off, (off_t)off);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EINVAL : errno;
			free(text);
			return NULL;
		}
		off += (size_t)n;
	}
	text[len] = '\0';
	return text;
}

/* --- files -------------------------------------------------------------- */

static int
failed(char *err, size_t errlen, const char *path)
{
	snprintf(err, errlen, "%s: %s", path, strerror(errno));
	return -1;
}

/* What has been renamed is on the disk when its folder is. */
static void
sync_folder(const char *path)
{
	char dir[PATH_MAX], *slash;
	int fd;

	if (strlcpy(dir, path, sizeof(dir)) >= sizeof(dir) ||
	    (slash = strrchr(dir, '/')) == NULL)
		return;
	slash[slash == dir] = '\0';
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return;
	(void)fsync(fd);
	close(fd);
}

/* Who may read the old file may read the new one. */
static int
same_rights(int fd, const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return fchmod(fd, 0600);
	if (geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) == -1)
		return -1;
	return fchmod(fd, st.st_mode & 0777);
}

int
files_write(const char *path, const char *text, size_t len, char *err,
    size_t errlen)
{
	char temp[PATH_MAX];
	int fd, n, r;

	n = snprintf(temp, sizeof(temp), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(temp)) {
		errno = ENAMETOOLONG;
		return failed(err, errlen, path);
	}
	if ((fd = mkostemp(temp, O_CLOEXEC)) == -1)
		return failed(err, errlen, path);
	r = same_rights(fd, path);
	if (r == 0)
		r = fileio_write(fd, text, len);
	if (r == 0)
		r = fsync(fd);
	if (r == -1)
		(void)failed(err, errlen, path);
	/* NFS may tell only now that the disk is full. */
	if (close(fd) == -1 && r == 0)
		r = failed(err, errlen, path);
	if (r == 0 && rename(temp, path) == -1)
		r = failed(err, errlen, path);
	if (r == 0)
		sync_folder(path);
	else
		(void)unlink(temp);
	return r;
}

int
files_log(const char *path)
{
	return open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
	    0640);
}
