/* Delays each flush to the disk, as a spinning disk does: ten milliseconds, or FLUSH_MS.
 *
 *     cc -O2 -shared -fPIC -o slowdisk.so benchmarks/loader/slowdisk.c
 *     LD_PRELOAD=$PWD/slowdisk.so python benchmarks/submissions.py --clients 32
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void wait_for_the_disk(void)
{
	const char *given = getenv("FLUSH_MS");
	long milliseconds = given ? atol(given) : 10;
	struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	nanosleep(&pause, NULL);
}

int fdatasync(int file)
{
	wait_for_the_disk();
	return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file)
{
	wait_for_the_disk();
	return (int)syscall(SYS_fsync, file);
}
