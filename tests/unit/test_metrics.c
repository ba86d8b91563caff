/* common/metrics: text that Prometheus reads, replaced as a whole. */
#include <dirent.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "metrics.h"
#include "tap.h"

static char dir[] = "/tmp/test_metrics-XXXXXX";
static uint64_t rows = 3, cloud, events = UINT64_MAX;
static double lag = 1.5, odd = NAN, none = -INFINITY;

static const struct metric table[] = {
    {"logbridge_rows_total", "table=\"x\"", "Rows \\ of\na table.", &rows,
	NULL},
    {"logbridge_lag_seconds", NULL, "How far behind.", NULL, &lag},
    {"logbridge_rows_total", "table=\"y\"", "Not shown.", &cloud, NULL},
    {"logbridge_events_total", "", "Events.", &events, NULL},
    {"logbridge_odd", NULL, "Odd values.", NULL, &odd},
    {"logbridge_none", NULL, "Odd values.", NULL, &none},
};

static void
read_file(const char *path, char *to, size_t n)
{
	FILE *f = fopen(path, "r");
	size_t got = f != NULL ? fread(to, 1, n - 1, f) : 0;

	to[got] = '\0';
	if (f != NULL)
		(void)fclose(f);
}

static int
files(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		(void)closedir(d);
	return n - 2;
}

static void
text(const char *path)
{
	struct metrics m;
	struct fault f = {0};
	char got[4096];

	metrics_init(
	    &m, path, "st\"age\\", table, sizeof(table) / sizeof(table[0]));
	OK(metrics_write(&m, &f), "written");
	read_file(path, got, sizeof(got));
	IS(got,
	    "# HELP logbridge_rows_total Rows \\\\ of\\na table.\n"
	    "# TYPE logbridge_rows_total counter\n"
	    "logbridge_rows_total{stage=\"st\\\"age\\\\\",table=\"x\"} 3\n"
	    "logbridge_rows_total{stage=\"st\\\"age\\\\\",table=\"y\"} 0\n"
	    "# HELP logbridge_lag_seconds How far behind.\n"
	    "# TYPE logbridge_lag_seconds gauge\n"
	    "logbridge_lag_seconds{stage=\"st\\\"age\\\\\"} 1.5\n"
	    "# HELP logbridge_events_total Events.\n"
	    "# TYPE logbridge_events_total counter\n"
	    "logbridge_events_total{stage=\"st\\\"age\\\\\"} "
	    "18446744073709551615\n"
	    "# HELP logbridge_odd Odd values.\n"
	    "# TYPE logbridge_odd gauge\n"
	    "logbridge_odd{stage=\"st\\\"age\\\\\"} NaN\n"
	    "# HELP logbridge_none Odd values.\n"
	    "# TYPE logbridge_none gauge\n"
	    "logbridge_none{stage=\"st\\\"age\\\\\"} -Inf\n",
	    "each name once, its samples together");
	OK(files() == 1, "no other file is left");
}

static void
ticks(const char *path)
{
	struct metrics m;
	char got[4096];

	metrics_init(&m, path, "s", table, 1);
	rows = 4;
	metrics_tick(&m, 5000);
	read_file(path, got, sizeof(got));
	OK(strstr(got, "} 4\n") != NULL, "the first tick writes");
	rows = 5;
	metrics_tick(&m, 5000 + METRICS_EVERY_MS - 1);
	read_file(path, got, sizeof(got));
	OK(strstr(got, "} 4\n") != NULL, "then none for ten seconds");
	metrics_tick(&m, 5000 + METRICS_EVERY_MS);
	read_file(path, got, sizeof(got));
	OK(strstr(got, "} 5\n") != NULL, "then one");
	metrics_init(&m, NULL, "s", table, 1);
	metrics_tick(&m, 0);
	OK(metrics_write(&m, NULL), "without a file nothing is done");
}

static void
in_vain(void *arg)
{
	struct metrics m;

	metrics_init(&m, arg, "s", table, 1);
	for (int i = 0; i < 5; i++)
		metrics_tick(&m, (int64_t)i * METRICS_EVERY_MS);
}

static void
failures(const char *path)
{
	static struct child c;
	static char bad[64];
	struct metrics m;
	struct fault f = {0};
	const char *again;

	(void)snprintf(bad, sizeof(bad), "%s/none/metrics", dir);
	metrics_init(&m, bad, "s", table, 1);
	OK(!metrics_write(&m, &f) && f.code == EXIT_IO &&
		strstr(f.text, "/none/metrics") != NULL,
	    "a file that cannot be written");
	child_run(&c, in_vain, bad);
	again = strstr(c.err, "cannot write");
	OK(c.rc == 0 && again != NULL &&
		strstr(again + 1, "cannot write") == NULL,
	    "is warned of once, and stops nothing");
	(void)unlink(path);
	(void)mkdir(path, 0700);
	metrics_init(&m, path, "s", table, 1);
	OK(!metrics_write(&m, &f) && files() == 1,
	    "a failed rename leaves no file behind");
	(void)rmdir(path);
}

static void
labels(void)
{
	struct buf b = BUF_INIT(100);

	metrics_label(&b, "a", "x\"y\\z\nw", 7);
	metrics_label(&b, "b", "", 0);
	IS(b.p, "a=\"x\\\"y\\\\z\\nw\",b=\"\"", "labels are escaped");
	buf_clear(&b);
}

int
main(void)
{
	char path[64];

	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/metrics.prom", dir);
	text(path);
	ticks(path);
	failures(path);
	labels();
	OK(rmdir(dir) == 0, "nothing is left");
	return tap_done();
}
