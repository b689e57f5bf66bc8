/* SPDX-License-Identifier: MIT */
/* mfvm proxy list|inspect|create|...: asks a server of proxies, as toxiproxy-cli does. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

typedef struct asking {
  const char *server, *proxy, *name, *type, *listen, *upstream, *toxicity;
  bool to_upstream, to_downstream;
  const char *attributes[16];
  size_t attribute_count;
} asking;

/* ---- Bodies ---- */

static void add_words(cli_text *t, const char *words) { cli_text_add(t, words, strlen(words)); }

static void add_value(cli_text *t, mf_value value) {
  if (mf_value_print(&value, false, cli_text_output(t)) != MF_OK) t->failed = true;
}

static void add_string(cli_text *t, mf_str s) {
  add_value(t, (mf_value){.kind = MF_STRING, .len = (uint32_t)s.n, .as.s = s.p});
}

static mf_str str(const char *s) { return (mf_str){s, strlen(s)}; }

/* "key":"value" behind what is there; nothing for NULL. */
static void add_member(cli_text *t, const char *key, const char *value) {
  if (!value) return;
  add_words(t, t->n > 1 ? ",\"" : "\"");
  add_words(t, key);
  add_words(t, "\":");
  add_string(t, str(value));
}

/* Numbers as numbers, whatever else as text: the server says what is wrong with it. */
static int add_attributes(cli_text *t, const asking *a) {
  if (a->toxicity) {
    add_words(t, t->n > 1 ? ",\"toxicity\":" : "\"toxicity\":");
    add_value(t, mf_scalar_value(str(a->toxicity)));
  }
  if (!a->attribute_count) return CLI_OK;
  add_words(t, t->n > 1 ? ",\"attributes\":{" : "\"attributes\":{");
  for (size_t i = 0; i < a->attribute_count; i++) {
    const char *one = a->attributes[i], *equals = strchr(one, '=');
    if (!equals || equals == one)
      return cli_fail(CLI_USAGE, "proxy: --attribute wants NAME=VALUE, not '%s'", one);
    if (i) add_words(t, ",");
    add_string(t, (mf_str){one, (size_t)(equals - one)});
    add_words(t, ":");
    add_value(t, mf_scalar_value(str(equals + 1)));
  }
  add_words(t, "}");
  return CLI_OK;
}

/* ---- Asking ---- */

static mf_value get(mf_value map, const char *key) {
  for (uint32_t i = 0; map.kind == MF_MAP && i < map.len; i++) {
    const mf_pair *pair = &map.as.map->pairs[i];
    if (pair->key.kind == MF_STRING && pair->key.len == strlen(key) &&
        !memcmp(pair->key.as.s, key, pair->key.len))
      return pair->value;
  }
  return (mf_value){.kind = MF_UNSET};
}

/* What a server says, without what could move a cursor. */
static void print_text(mf_value value) {
  for (uint32_t i = 0; value.kind == MF_STRING && i < value.len; i++) {
    const unsigned char c = (unsigned char)value.as.s[i];
    putchar(c < ' ' || c == 127 ? '?' : c);
  }
}

static int say_refused(const char *server, int status, mf_value answer) {
  const mf_value why = get(answer, "error");
  char line[512] = "no reason given";
  if (why.kind == MF_STRING) {
    const size_t n = why.len < sizeof line ? why.len : sizeof line - 1;
    memcpy(line, why.as.s, n);
    line[n] = 0;
    for (char *p = line; *p; p++)
      if ((unsigned char)*p < ' ' || *p == 127) *p = '?';
  }
  return cli_fail(CLI_FAILED, "%s: %d, %s", server, status, line);
}

/* CLI_OK: the answer, a success, is in *out, which may be NULL. */
static int ask(const mf_proxy_call *call, mf_values **out) {
  const mf_alloc alloc = mf_alloc_default();
  mf_blob body;
  mf_values *values = NULL;
  char error[512] = "";
  int status = 0;
  if (mf_proxy_ask(&alloc, call, &status, &body, error, sizeof error) != MF_OK)
    return cli_fail(CLI_IO, "%s", error);
  const mf_str json = {(const char *)body.p, body.n};
  const bool good = status >= 200 && status < 300;
  const mf_status read = body.n ? mf_values_json(&alloc, json, &values, error, sizeof error)
                                : MF_OK;
  mf_blob_free(&body);
  int code = CLI_OK;
  if (!good)
    code = say_refused(call->server, status,
                       values ? mf_values_get(values) : (mf_value){.kind = MF_UNSET});
  else if (read != MF_OK || (out && !values))
    code = cli_fail(CLI_IO, "%s: the answer is not JSON: is that a server of proxies?",
                    call->server);
  if (code == CLI_OK && out)
    *out = values;
  else
    mf_values_free(values);
  return code;
}

static int ask_with(const asking *a, const char *method, const char *const path[4], cli_text *body,
                    mf_values **out) {
  mf_proxy_call call = {.server = a->server, .method = method};
  for (int i = 0; i < 4; i++) call.path[i] = path[i];
  int code = CLI_OK;
  if (body && body->failed) code = cli_fail(CLI_BUG, "out of memory");
  if (body) call.body = (mf_str){body->p, body->n};
  if (code == CLI_OK) code = ask(&call, out);
  if (body) free(body->p);
  return code;
}
#define PATH(...) ((const char *const[4]){__VA_ARGS__})

/* ---- Verbs ---- */

static bool is_true(mf_value value) { return value.kind == MF_BOOL && value.as.i; }

static int list(const asking *a) {
  mf_values *answer = NULL;
  const int code = ask_with(a, "GET", PATH("proxies"), NULL, &answer);
  if (code != CLI_OK) return code;
  const mf_value map = mf_values_get(answer);
  if (isatty(STDOUT_FILENO)) puts("name\tlisten\tupstream\tenabled\ttoxics");
  for (uint32_t i = 0; map.kind == MF_MAP && i < map.len; i++) {
    const mf_value proxy = map.as.map->pairs[i].value;
    print_text(get(proxy, "name"));
    putchar('\t');
    print_text(get(proxy, "listen"));
    putchar('\t');
    print_text(get(proxy, "upstream"));
    printf("\t%s\t%u\n", is_true(get(proxy, "enabled")) ? "enabled" : "disabled",
           (unsigned)get(proxy, "toxics").len);
  }
  mf_values_free(answer);
  return CLI_OK;
}

static void print_toxic(mf_value toxic) {
  const mf_value attributes = get(toxic, "attributes"), toxicity = get(toxic, "toxicity");
  print_text(get(toxic, "name"));
  printf("\ttype=");
  print_text(get(toxic, "type"));
  printf("\tstream=");
  print_text(get(toxic, "stream"));
  printf("\ttoxicity=");
  (void)mf_value_print(&toxicity, false, cli_stdout());
  printf("\tattributes=[");
  for (uint32_t i = 0; attributes.kind == MF_MAP && i < attributes.len; i++) {
    putchar('\t');
    print_text(attributes.as.map->pairs[i].key);
    putchar('=');
    (void)mf_value_print(&attributes.as.map->pairs[i].value, false, cli_stdout());
  }
  printf("\t]\n");
}

static int inspect(const asking *a) {
  mf_values *answer = NULL;
  const int code = ask_with(a, "GET", PATH("proxies", a->proxy), NULL, &answer);
  if (code != CLI_OK) return code;
  const mf_value toxics = get(mf_values_get(answer), "toxics");
  for (uint32_t i = 0; toxics.kind == MF_LIST && i < toxics.len; i++)
    print_toxic(toxics.as.list[i]);
  mf_values_free(answer);
  return CLI_OK;
}

static int create(const asking *a) {
  cli_text body = {.n = 0};
  mf_values *answer = NULL;
  if (!a->upstream) return cli_fail(CLI_USAGE, "proxy: create wants --upstream ADDRESS");
  add_words(&body, "{");
  add_member(&body, "name", a->proxy);
  add_member(&body, "listen", a->listen);
  add_member(&body, "upstream", a->upstream);
  add_words(&body, "}");
  const int code = ask_with(a, "POST", PATH("proxies"), &body, &answer);
  if (code != CLI_OK) return code;
  printf("created proxy '%s', which listens on ", a->proxy);
  print_text(get(mf_values_get(answer), "listen"));
  putchar('\n');
  mf_values_free(answer);
  return CLI_OK;
}

static int delete_proxy(const asking *a) {
  const int code = ask_with(a, "DELETE", PATH("proxies", a->proxy), NULL, NULL);
  if (code == CLI_OK) printf("deleted proxy '%s'\n", a->proxy);
  return code;
}

static int toggle(const asking *a) {
  cli_text body = {.n = 0};
  mf_values *answer = NULL;
  int code = ask_with(a, "GET", PATH("proxies", a->proxy), NULL, &answer);
  if (code != CLI_OK) return code;
  const bool enabled = !is_true(get(mf_values_get(answer), "enabled"));
  mf_values_free(answer);
  add_words(&body, enabled ? "{\"enabled\":true}" : "{\"enabled\":false}");
  code = ask_with(a, "POST", PATH("proxies", a->proxy), &body, NULL); /* old servers lack PATCH */
  if (code == CLI_OK) printf("proxy '%s' is now %s\n", a->proxy, enabled ? "enabled" : "disabled");
  return code;
}

static int reset(const asking *a) {
  const int code = ask_with(a, "POST", PATH("reset"), NULL, NULL);
  if (code == CLI_OK) puts("every proxy is enabled and without toxics");
  return code;
}

/* Says what the answer's toxic is called. */
static int say_toxic(const asking *a, const char *done, mf_values *answer) {
  printf("%s toxic '", done);
  print_text(get(mf_values_get(answer), "name"));
  printf("' of proxy '%s'\n", a->proxy);
  mf_values_free(answer);
  return CLI_OK;
}

static int toxic_add(const asking *a) {
  cli_text body = {.n = 0};
  mf_values *answer = NULL;
  if (!a->type) return cli_fail(CLI_USAGE, "proxy: toxic add wants --type TYPE");
  if (a->to_upstream && a->to_downstream)
    return cli_fail(CLI_USAGE, "proxy: give --upstream or --downstream");
  add_words(&body, "{");
  add_member(&body, "name", a->name);
  add_member(&body, "type", a->type);
  add_member(&body, "stream", a->to_upstream ? "upstream" : "downstream");
  int code = add_attributes(&body, a);
  add_words(&body, "}");
  if (code != CLI_OK) {
    free(body.p);
    return code;
  }
  code = ask_with(a, "POST", PATH("proxies", a->proxy, "toxics"), &body, &answer);
  return code == CLI_OK ? say_toxic(a, "added", answer) : code;
}

static int toxic_update(const asking *a) {
  cli_text body = {.n = 0};
  mf_values *answer = NULL;
  if (!a->name) return cli_fail(CLI_USAGE, "proxy: toxic update wants --name NAME");
  add_words(&body, "{");
  int code = add_attributes(&body, a);
  add_words(&body, "}");
  if (code != CLI_OK) {
    free(body.p);
    return code;
  }
  code = ask_with(a, "POST", PATH("proxies", a->proxy, "toxics", a->name), &body, &answer);
  return code == CLI_OK ? say_toxic(a, "updated", answer) : code;
}

static int toxic_remove(const asking *a) {
  if (!a->name) return cli_fail(CLI_USAGE, "proxy: toxic remove wants --name NAME");
  const int code = ask_with(a, "DELETE", PATH("proxies", a->proxy, "toxics", a->name), NULL, NULL);
  if (code == CLI_OK) printf("removed toxic '%s' of proxy '%s'\n", a->name, a->proxy);
  return code;
}

/* ---- Arguments ---- */

typedef struct verb {
  const char *name, *options; /* of its own, by their letters */
  bool of_proxy;
  int (*run)(const asking *a);
} verb;

static const verb verbs[] = {{"list", "", false, list},          {"reset", "", false, reset},
                             {"inspect", "", true, inspect},     {"create", "lu", true, create},
                             {"delete", "", true, delete_proxy}, {"toggle", "", true, toggle}};
static const verb toxic_verbs[] = {{"add", "tnudxa", true, toxic_add},
                                   {"update", "nxa", true, toxic_update},
                                   {"remove", "n", true, toxic_remove}};

static const verb *find(const verb *from, size_t n, const char *word) {
  for (size_t i = 0; i < n; i++)
    if (!strcmp(from[i].name, word)) return &from[i];
  return NULL;
}
#define FIND(table, word) find(table, sizeof table / sizeof *table, word)

bool cli_is_proxy_verb(const char *word) { return FIND(verbs, word) || !strcmp(word, "toxic"); }

static int set(asking *a, const verb *v, int option, const char *value) {
  const size_t most = sizeof a->attributes / sizeof *a->attributes;
  if (option != 's' && !strchr(v->options, option))
    return option == '?' ? CLI_USAGE
                         : cli_fail(CLI_USAGE, "proxy: %s has no option -%c", v->name, option);

  switch (option) {
    case 's': a->server = value; break;
    case 'l': a->listen = value; break;
    case 't': a->type = value; break;
    case 'n': a->name = value; break;
    case 'd': a->to_downstream = true; break;
    case 'x': a->toxicity = value; break;
    case 'u': a->to_upstream = true; break;
    case 'a':
      if (a->attribute_count == most) return cli_fail(CLI_USAGE, "proxy: too many attributes");
      a->attributes[a->attribute_count++] = value;
      break;
  }
  return CLI_OK;
}

/* "--upstream" has an address for `create`, and none for `toxic add`. */
static int parse(asking *a, const verb *v, int argc, char **argv) {
  const bool creates = v->run == create;
  const struct option longs[] = {{"server", required_argument, NULL, 's'},
                                 {"listen", required_argument, NULL, 'l'},
                                 {"upstream", creates ? required_argument : no_argument, NULL, 'u'},
                                 {"downstream", no_argument, NULL, 'd'},
                                 {"type", required_argument, NULL, 't'},
                                 {"name", required_argument, NULL, 'n'},
                                 {"toxicName", required_argument, NULL, 'n'},
                                 {"toxicity", required_argument, NULL, 'x'},
                                 {"attribute", required_argument, NULL, 'a'},
                                 {NULL, 0, NULL, 0}};
  int option;
  while ((option = getopt_long(argc, argv, creates ? "l:u:" : "udt:n:a:", longs, NULL)) != -1) {
    const int code = set(a, v, option, optarg);
    if (code != CLI_OK) return code;
    if (creates && option == 'u') a->upstream = optarg;
  }
  if (argc - optind != v->of_proxy)
    return cli_fail(CLI_USAGE, "proxy: %s takes %s", v->name,
                    v->of_proxy ? "the name of one proxy" : "no name");
  a->proxy = v->of_proxy ? argv[optind] : NULL;
  if (a->proxy && !*a->proxy) return cli_fail(CLI_USAGE, "proxy: the name of a proxy is empty");
  return CLI_OK;
}

int cli_proxy_verb(int argc, char **argv) {
  const char *url = getenv("TOXIPROXY_URL");
  asking a = {.server = url && *url ? url : "http://localhost:8474"};
  const verb *v = FIND(verbs, argv[0]);
  if (!v) { /* toxic */
    v = argc > 1 ? FIND(toxic_verbs, argv[1]) : NULL;
    if (!v) return cli_fail(CLI_USAGE, "proxy: toxic wants add, update or remove");
    argc--;
    argv++;
  }
  const int code = parse(&a, v, argc, argv);
  return code == CLI_OK ? v->run(&a) : code;
}
