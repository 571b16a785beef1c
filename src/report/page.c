/* page.c - the whole run as one HTML page, which needs nothing else */
#include "report/page.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "report/excerpt.h"
#include "report/markup.h"
#include "report/timeline.h"

/* What else there is to read is a file beside the page. */
static const struct excerpt_layout value_layout = {.prefix = "", .lost = "...", .head = 60, .tail = 140, .width = 2000};

#define OPEN_LINES 16 /* of a value that is shown without being asked for */

/* Colours: of GitHub's views, in which it is mostly opened from. Six of machines, m9 is nobody's. */
static const char colours[] =
	":root{color-scheme:light dark;--b:#fff;--f:#1f2328;--g:#59636e;--l:#d1d9e0;--s:#f6f8fa;--r:#cf222e;--k:#1a7f37;"
	"--y:#9a6700;--rb:#ffebe9;--t:#b6dfff;--w:#f5dc90;--u:#d7dee5;--c:#0969da;"
	"--m0:#0550ae;--m1:#8250df;--m2:#116329;--m3:#953800;--m4:#a40e63;--m5:#1b7c83}\n"
	"@media(prefers-color-scheme:dark){:root{--b:#0d1117;--f:#e6edf3;--g:#9198a1;--l:#3d444d;--s:#151b23;--r:#ff7b72;"
	"--k:#3fb950;--y:#d29922;--rb:#3a1519;--t:#12487c;--w:#6b5310;--u:#30373f;--c:#4493f8;"
	"--m0:#79c0ff;--m1:#d2a8ff;--m2:#7ee787;--m3:#ffa657;--m4:#ff9bce;--m5:#76e3ea}}\n";

static const char style[] =
	"*{box-sizing:border-box}"
	"body{margin:0 auto;padding:16px;max-width:1400px;background:var(--b);color:var(--f);"
	"font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
	"h1{font-size:22px;margin:0 0 8px}h2{font-size:17px;margin:24px 0 8px}h3{font-size:14px;margin:16px 0 6px}"
	"a{color:var(--c)}p{margin:6px 0}"
	"pre,code,.log,.mono{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}"
	"pre{margin:4px 0;padding:8px 10px;background:var(--s);border:1px solid var(--l);border-radius:6px;"
	"white-space:pre-wrap;max-height:60vh;overflow:auto}"
	"small,.dim{color:var(--g)}.new{color:var(--k)}.gone,.red{color:var(--r)}.ok{color:var(--k)}.skip{color:var(--y)}"
	".sum{display:flex;height:8px;border-radius:4px;overflow:hidden;margin:8px 0 12px;gap:2px}"
	".sum i{min-width:4px}.sum .red{background:var(--r)}.sum .skip{background:var(--y)}.sum .ok{background:var(--k)}\n"
	".t{border:1px solid var(--l);border-radius:8px;margin:8px 0;background:var(--b)}"
	".t.bad{border-color:var(--r)}"
	".t>summary{padding:8px 12px;cursor:pointer;display:flex;flex-wrap:wrap;gap:2px 10px;align-items:baseline}"
	".t>summary:before{content:'\\25B8';color:var(--g)}.t[open]>summary:before{content:'\\25BE'}"
	".t>summary .where{color:var(--g);font-size:13px}.t>summary .d{margin-left:auto;color:var(--g)}"
	".t>div{padding:0 12px 12px}.why{padding:8px 12px;margin:0 0 8px;background:var(--rb);border-left:4px solid var(--r);"
	"border-radius:4px;white-space:pre-wrap}"
	"details details{margin:8px 0}dd details{margin:0}summary{cursor:pointer}"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:3px 14px;margin:0}dt{color:var(--g);font-size:13px}"
	"dd{margin:0;min-width:0}dd pre{margin:0}ul{margin:4px 0;padding-left:22px}\n"
	".time{display:grid;grid-template-columns:minmax(3em,max-content) 1fr;gap:4px 10px;align-items:center;margin:10px 0}"
	".time b{font-size:13px}.row{position:relative;height:26px;background:var(--s);border-radius:4px;overflow:hidden}"
	".row i{position:absolute;top:0;bottom:0;min-width:2px}.row .up{background:var(--u)}.row .copy{background:var(--t)}"
	".row .boot{background:var(--w)}.row .call{top:6px;bottom:6px;background:var(--c);border-radius:2px;"
	"box-shadow:0 0 0 1px var(--s);opacity:.9}.row .call:hover{opacity:1}.row .bad{background:var(--r)}.row .fail{background:var(--r);width:2px!important}"
	".axis{display:flex;justify-content:space-between;color:var(--g);font-size:12px}"
	".key{font-size:12px;color:var(--g);display:flex;flex-wrap:wrap;gap:2px 14px}"
	".key i{display:inline-block;width:12px;height:12px;border-radius:2px;margin-right:5px;vertical-align:-1px}\n"
	".log{border:1px solid var(--l);border-radius:6px;overflow:hidden}"
	".log div{display:grid;grid-template-columns:4.5em 5.5em 1fr;gap:0 10px;padding:0 10px}"
	".log time{color:var(--g);text-align:right}.log b{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}"
	".log span{white-space:pre-wrap;min-width:0}.log em{color:var(--g);font-style:normal}"
	".log .call,.log .machine{background:var(--s)}.log .call span{font-weight:600}.log .machine span{font-style:italic}"
	".log .bad{background:var(--rb);padding-top:4px;padding-bottom:4px;box-shadow:inset 4px 0 var(--r)}"
	".log .bad span,.log .failure span{color:var(--r);font-weight:600}"
	".log .gap{display:block;text-align:center;color:var(--g);font-size:11px;background:var(--s)}\n"
	".m0{color:var(--m0)}.m1{color:var(--m1)}.m2{color:var(--m2)}.m3{color:var(--m3)}.m4{color:var(--m4)}"
	".m5{color:var(--m5)}.m9{color:var(--g)}"
	".wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px}"
	"td,th{padding:2px 12px 2px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--l)}"
	"td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
	".files a{margin-right:14px;display:inline-block}\n"
	"@media(max-width:600px){body{padding:10px}.log div{grid-template-columns:4.5em 1fr;padding:0 6px}"
	".log span{grid-column:1/3}.log time{text-align:left}dl{grid-template-columns:1fr;gap:1px}.time{grid-template-columns:1fr;gap:1px}.time b:empty{display:none}}";

static void add(struct buf *out, const char *text)
{
	markup_add(out, text ? text : "", MARKUP_ATTRIBUTE);
}

/* ---- what a test says ---- */

/* A value's lines without their middle, as they are. @diff: coloured by their marks, but for the first, which explains them. */
static void add_excerpt(struct buf *out, const char *value, bool diff)
{
	cleanup_buf struct buf text = {0};
	const char *line;
	bool marked = false;
	size_t n;

	excerpt_add(&text, value, &value_layout, false);
	for (const char *at = buf_str(&text); text_next_line(&at, &line, &n);) {
		cleanup_free char *copy = xstrndup(line + (*line == ' '), n - (*line == ' ')); /* excerpt_add()'s own blank */

		const char *class = marked && *copy == '-' ? "gone" : marked && *copy == '+' ? "new" : NULL;

		if (class)
			buf_addf(out, "<span class=\"%s\">", class);
		markup_add(out, copy, "");
		buf_adds(out, class ? "</span>" : "");
		marked = diff;
		if (*at)
			buf_addc(out, '\n');
	}
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n' && text[1];
	return n;
}

/* @folded: it is elsewhere on the page as well. */
static void add_value(struct buf *out, const char *key, const char *value, bool folded)
{
	size_t lines = count_lines(value);

	if (!*value)
		return;
	folded |= lines > OPEN_LINES;
	buf_adds(out, "<dt>");
	add(out, key);
	buf_adds(out, "</dt><dd>");
	if (folded)
		buf_addf(out, "<details><summary>%zu lines</summary>", lines);
	buf_adds(out, lines > 1 ? "<pre>" : "<code>");
	add_excerpt(out, value, strcmp(key, "diff") == 0);
	buf_adds(out, lines > 1 ? "</pre>" : "</code>");
	buf_adds(out, folded ? "</details></dd>\n" : "</dd>\n");
}

static void add_subtests(struct buf *out, const struct point *p)
{
	if (!p->nsubpoints)
		return;
	buf_adds(out, "<ul>");
	for (size_t i = 0; i < p->nsubpoints; i++) {
		const struct point *sub = &p->subpoints[i];

		buf_addf(out, "<li class=\"%s\">", point_has_failed(sub) ? "red" : "ok");
		add(out, sub->name);
		buf_addf(out, " <small>%s</small>", point_verdict_name(sub));
		add_subtests(out, sub);
		buf_adds(out, "</li>");
	}
	buf_adds(out, "</ul>\n");
}

/* What the box with the reason shows. */
static bool is_shown(const struct point *p, const struct field *f)
{
	return point_has_failed(p) && p->at && (strcmp(f->key, "source") == 0 || strcmp(f->key, "called_from") == 0);
}

static void add_reason(struct buf *out, const struct point *p)
{
	if (point_has_failed(p)) {
		buf_adds(out, "<p class=\"why\"><b>");
		markup_add(out, p->reason ? p->reason : "no reason given", "");
		buf_adds(out, "</b>");
		if (p->at) {
			buf_adds(out, "\n<small>");
			add(out, p->at);
			buf_adds(out, "</small>");
		}
		for (size_t i = 0; i < p->nfields; i++) {
			if (!is_shown(p, &p->fields[i]))
				continue;
			buf_adds(out, strcmp(p->fields[i].key, "source") == 0 ? " <code>" : "\n<small>called from</small> <code>");
			markup_add(out, p->fields[i].value, "");
			buf_adds(out, "</code>");
		}
		if (p->told_by)
			buf_addf(out, "\n<small>told in full by <a href=\"#t%zu\">test %zu</a>: the setup of both</small>", p->told_by,
				 p->told_by);
		buf_adds(out, p->infra ? "\n<small>the infrastructure failed, not the test</small></p>\n" : "</p>\n");
	} else if (point_counts_as(p) == VERDICT_SKIPPED) {
		buf_adds(out, "<p class=\"skip\">skipped: ");
		add(out, p->reason ? p->reason : "no reason given");
		buf_adds(out, "</p>\n");
	}
}

/* ---- calls ---- */

static void add_call(struct buf *out, const struct trace_event *e)
{
	buf_addf(out, "<tr%s><td class=\"n\">", e->culprit || e->how != ANSWER_OK ? " class=\"red\"" : "");
	timeline_add_time(out, e->at);
	buf_adds(out, "</td><td class=\"n\">");
	timeline_add_time(out, e->length);
	buf_adds(out, "</td><td class=\"mono\">");
	add(out, e->text);
	buf_adds(out, "</td><td>");
	if (e->ended)
		buf_addf(out, "%s %d", e->signal ? "signal" : "exit", e->signal ? e->signal : e->status);
	else
		buf_adds(out, trace_answer_text(e));
	buf_adds(out, "</td><td>");
	add(out, e->place);
	buf_adds(out, "</td></tr>\n");
}

static void add_calls(struct buf *out, const struct trace *t)
{
	size_t n = 0, i = 0;

	for (size_t k = 0; k < t->nevents; k++)
		n += t->events[k].kind == TRACE_CALL;
	if (!n)
		return;
	buf_addf(out, "<details><summary><b>Calls</b> <small>%zu</small></summary><div class=\"wide\"><table><tr><th class=\"n\">at</th>"
		 "<th class=\"n\">took</th><th>call</th><th>result</th><th>line</th></tr>\n", n);
	for (size_t k = 0; k < t->nevents; k++) {
		if (t->events[k].kind != TRACE_CALL)
			continue;
		if (n > PAGE_CALLS_MAX && i == PAGE_CALLS_MAX / 4)
			buf_addf(out, "<tr><td colspan=\"5\">%zu more</td></tr>\n", n - PAGE_CALLS_MAX);
		if (n <= PAGE_CALLS_MAX || i < PAGE_CALLS_MAX / 4 || i >= n - PAGE_CALLS_MAX + PAGE_CALLS_MAX / 4)
			add_call(out, &t->events[k]);
		i++;
	}
	buf_adds(out, "</table></div></details>\n");
}

static void add_trace(struct buf *out, const struct trace *t, bool failed)
{
	size_t start = out->len;

	buf_adds(out, "<h3>Timeline</h3>\n");
	timeline_format(out, t);
	buf_adds(out, "<p class=\"key\"><span><i style=\"background:var(--w)\"></i>boots</span><span><i style=\"background:var(--t)\"></i>"
		      "is copied</span><span><i style=\"background:var(--u)\"></i>is up</span><span><i style=\"background:var(--c)\"></i>"
		      "call</span><span><i style=\"background:var(--r)\"></i>failure</span></p>\n");
	if (t->nevents == 0)
		out->len = start;
	out->data[out->len] = '\0';
	if (!failed)
		return;
	start = out->len;
	buf_adds(out, "<h3>Around the failure</h3>\n");
	if (!timeline_format_moment(out, t))
		out->len = start;
	out->data[out->len] = '\0';
}

/* ---- a test ---- */

static void add_files(struct buf *out, const char *folder, char *const *files)
{
	if (!folder || !files || !*files)
		return;
	buf_adds(out, "<p class=\"files\"><b>Files</b> ");
	for (; *files; files++) {
		buf_adds(out, "<a href=\"");
		add(out, folder);
		buf_addc(out, '/');
		add(out, *files);
		buf_adds(out, "\">");
		add(out, *files);
		buf_adds(out, "</a> ");
	}
	buf_adds(out, "</p>\n");
}

static const char *class_of(const struct point *p)
{
	return point_has_failed(p) ? "red" : point_counts_as(p) == VERDICT_SKIPPED ? "skip" : "ok";
}

static void add_head(struct buf *out, size_t id, size_t number, const struct point *p)
{
	bool bad = point_has_failed(p);
	const char *mark = bad ? "&#10007;" : point_counts_as(p) == VERDICT_SKIPPED ? "&#8211;" : "&#10003;";

	buf_addf(out, "<details class=\"t%s\" id=\"%c%zu\"%s><summary><b class=\"%s\">%s</b><b>", bad ? " bad" : "",
		 number ? 't' : 's', id, bad && !p->told_by ? " open=\"open\"" : "", class_of(p), mark);
	add(out, p->name);
	buf_adds(out, "</b><span class=\"where\">");
	add(out, p->script);
	if (p->line)
		buf_addf(out, ":%d", p->line);
	buf_adds(out, "</span>");
	if (p->duration_ms > 0) {
		buf_adds(out, "<span class=\"d\">");
		timeline_add_time(out, (uint64_t)(p->duration_ms * 1e3));
		buf_adds(out, " s</span>");
	}
	buf_adds(out, "</summary><div>\n");
}

static void add_details(struct buf *out, const struct point *p)
{
	if (p->nfields || p->nnotes)
		buf_adds(out, "<h3>Details</h3>\n<dl>");
	for (size_t i = 0; i < p->nfields; i++)
		if (!is_shown(p, &p->fields[i]))
			add_value(out, p->fields[i].key, p->fields[i].value,
				  p->trace && strcmp(p->fields[i].key, "console") == 0);
	for (size_t i = 0; i < p->nnotes; i++)
		add_value(out, "note", p->notes[i], false);
	if (p->nfields || p->nnotes)
		buf_adds(out, "</dl>\n");
	if (p->nsubpoints)
		buf_adds(out, "<h3>Subtests</h3>\n");
	add_subtests(out, p);
}

static void add_link(struct buf *out, size_t id, size_t number, const struct point *p)
{
	buf_addf(out, "<li><a href=\"#%c%zu\">", number ? 't' : 's', id);
	add(out, p->name);
	buf_adds(out, "</a> <small>");
	add(out, p->at ? p->at : p->script);
	buf_adds(out, "</small></li>\n");
}

void page_add(struct page *p, size_t number, const struct point *point, const char *folder, char *const *files)
{
	bool bad = point_has_failed(point);
	struct buf *out = bad ? &p->failed : number ? &p->others : &p->setups;
	size_t id = number ? number : ++p->nsetups;

	if (number)
		p->counts[point_counts_as(point)]++;
	if (bad)
		add_link(&p->links, id, number, point);
	add_head(out, id, number, point);
	add_reason(out, point);
	if (p->failed.len + p->others.len < PAGE_TESTS_MAX) {
		if (point->trace)
			add_trace(out, point->trace, bad);
		add_details(out, point);
		if (point->trace)
			add_calls(out, point->trace);
	}
	add_files(out, folder, files);
	buf_adds(out, "</div></details>\n");
}

void page_add_remark(struct page *p, const char *text)
{
	buf_adds(&p->remarks, "<p class=\"dim\">");
	markup_add(&p->remarks, text, "");
	buf_adds(&p->remarks, "</p>\n");
}

void page_free(struct page *p)
{
	buf_free(&p->setups);
	buf_free(&p->failed);
	buf_free(&p->others);
	buf_free(&p->links);
	buf_free(&p->remarks);
}

/* ---- the page ---- */

static void add_counts(struct buf *out, const struct page *p, double seconds)
{
	static const char *const classes[] = {"ok", "red", "skip"};
	static const enum verdict order[] = {VERDICT_FAILED, VERDICT_SKIPPED, VERDICT_PASSED};

	buf_adds(out, "<h1>vmtap: ");
	for (size_t i = 0, told = 0; i < ARRAY_SIZE(order); i++)
		if (p->counts[order[i]])
			buf_addf(out, "%s<span class=\"%s\">%zu %s</span>", told++ ? ", " : "", classes[order[i]],
				 p->counts[order[i]], verdict_name(order[i]));
	buf_adds(out, " <small>");
	timeline_add_time(out, (uint64_t)(seconds * 1e6));
	buf_adds(out, " s</small></h1>\n<div class=\"sum\">");
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (p->counts[order[i]])
			buf_addf(out, "<i class=\"%s\" style=\"flex:%zu\"></i>", classes[order[i]], p->counts[order[i]]);
	buf_adds(out, "</div>\n");
}

static void add_phases(struct buf *out, const struct phases *p)
{
	if (!phases_are_worth_it(p))
		return;
	buf_adds(out, "<h2>Where the time went</h2><div class=\"wide\"><table><tr><th></th><th class=\"n\">times</th><th class=\"n\">sum</th>"
		      "<th class=\"n\">slowest</th><th></th></tr>\n");
	for (unsigned i = 0; i < TRACE_PHASES; i++) {
		const struct phase_sum *s = &p->sums[i];

		if (!s->count)
			continue;
		buf_addf(out, "<tr><td>%s</td><td class=\"n\">%zu</td><td class=\"n\">", trace_phase_name(i), s->count);
		timeline_add_time(out, (uint64_t)(s->sum * 1e3));
		buf_adds(out, " s</td><td class=\"n\">");
		timeline_add_time(out, (uint64_t)(s->slowest * 1e3));
		buf_adds(out, " s</td><td>");
		add(out, s->who);
		buf_adds(out, "</td></tr>\n");
	}
	buf_adds(out, "</table></div>\n");
}

static void add_part(struct buf *out, const char *title, const struct buf *tests)
{
	if (tests->len)
		buf_addf(out, "<h2>%s</h2>\n%s", title, buf_str(tests));
}

void page_format(struct buf *out, const struct page *p, const struct phases *phases, double seconds, const char *again,
		 const char *ended)
{
	buf_addf(out, "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\"><head><meta charset=\"utf-8\"/>"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>"
		 "<meta name=\"viewport\" content=\"width=device-width\"/><title>vmtap: %zu failed, %zu passed</title>"
		 "<style>%s%s</style></head><body>\n", p->counts[VERDICT_FAILED], p->counts[VERDICT_PASSED], colours, style);
	add_counts(out, p, seconds);
	if (ended) {
		buf_adds(out, "<p class=\"why\"><b>");
		add(out, ended);
		buf_adds(out, "</b></p>\n");
	}
	if (p->links.len)
		buf_addf(out, "<ul>%s</ul>\n", buf_str(&p->links));
	if (p->links.len && again) {
		buf_adds(out, "<p>Again, what failed: <code>");
		add(out, again);
		buf_adds(out, "</code></p>\n");
	}
	buf_adds(out, buf_str(&p->remarks));
	add_part(out, "Failed", &p->failed);
	add_part(out, "Passed and skipped", &p->others);
	add_part(out, "Setups", &p->setups);
	add_phases(out, phases);
	buf_adds(out, "</body></html>\n");
}
