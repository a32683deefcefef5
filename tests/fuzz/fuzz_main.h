#ifndef FUZZ_MAIN_H
#define FUZZ_MAIN_H

/*
 * A fuzzer defines LLVMFuzzerTestOneInput().  Built by clang with
 * -fsanitize=fuzzer that is all; built with FUZZ_REPLAY this header gives a
 * main() that replays the files and folders it is given, each input placed
 * right before an unreadable page.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A promise of the parser that no input may break. */
#define FUZZ_ASSERT(cond)                                                      \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

#ifdef FUZZ_REPLAY

#include <sys/mman.h>
#include <sys/stat.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FUZZ_INPUT_MAX (1 << 20)

static unsigned fuzz_inputs;

static inline void
fuzz_read(int fd, uint8_t *p, size_t n, const char *path)
{
	ssize_t got;

	for (; n > 0; p += got, n -= (size_t)got) {
		got = read(fd, p, n);
		if (got == -1)
			err(1, "%s", path);
		if (got == 0)
			errx(1, "%s: became shorter", path);
	}
}

static inline void
fuzz_file(const char *path, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (n + page - 1) / page * page;
	uint8_t *map;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		err(1, "%s", path);
	map = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || mprotect(map + room, page, PROT_NONE) == -1)
		err(1, "%s: mmap", path);
	fuzz_read(fd, map + room - n, n, path);
	close(fd);
	/* told before, so that a crash is known by its input */
	printf("# %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(map + room - n, n);
	fuzz_inputs++;
	if (munmap(map, room + page) == -1)
		err(1, "munmap");
}

static inline void fuzz_path(const char *);

static inline void
fuzz_folder(const char *path)
{
	struct dirent **list;
	char *sub;
	int n;

	if ((n = scandir(path, &list, NULL, alphasort)) == -1)
		err(1, "%s", path);
	for (int i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.') {
			if (asprintf(&sub, "%s/%s", path, list[i]->d_name) ==
			    -1)
				err(1, "asprintf");
			fuzz_path(sub);
			free(sub);
		}
		free(list[i]);
	}
	free(list);
}

static inline void
fuzz_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		err(1, "%s", path);
	if (S_ISDIR(st.st_mode)) {
		fuzz_folder(path);
		return;
	}
	if (st.st_size > FUZZ_INPUT_MAX)
		errx(1, "%s: larger than an input", path);
	fuzz_file(path, (size_t)st.st_size);
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	for (int i = 1; i < argc; i++)
		fuzz_path(argv[i]);
	printf("ok 1 - %s: %u inputs\n1..1\n",
	    name == NULL ? argv[0] : name + 1, fuzz_inputs);
	return 0;
}

#endif
#endif
