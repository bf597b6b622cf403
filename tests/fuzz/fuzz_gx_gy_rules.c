// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: a file of rules, up to what sessions get of it. A file that is refused must say why
// and change nothing; what one that is taken says must fit into messages. @include is left out: it
// would read this machine's files. libconfig loses a text that it has read when the syntax is wrong
// behind it, and what it reads of a string that does not end: some octets per broken file, its own.
#include "gx_gy_world.h"

enum { INPUT_MAX = 16384, NAMES_MAX = 32 };

const char *__lsan_default_suppressions(void); // LeakSanitizer looks it up by name

const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\n";
}

// All of it is asked for by name, and taken away again.
static void ask_for_all(struct base_arena *arena)
{
    const struct gxgy_rule_lists *lists = gxgy_store_lists(1 + GXGY_STORE_FILE);
    char *names[NAMES_MAX], *bases[NAMES_MAX];
    Fgw__Gxgy__RuleInstall install = FGW__GXGY__RULE_INSTALL__INIT, *installs[] = {&install};
    Fgw__Gxgy__RuleRemove remove = FGW__GXGY__RULE_REMOVE__INIT, *removes[] = {&remove};
    Fgw__Gxgy__GxAnswer answer = FGW__GXGY__GX_ANSWER__INIT;
    const struct gxgy_rule *rules = lists->rules.items;
    const struct gxgy_base_name *base_names = lists->base_names.items;
    for (size_t i = 0; i < lists->rules.n && i < NAMES_MAX; i++)
        names[install.n_names++] = rules[i].id;
    for (size_t i = 0; i < lists->base_names.n && i < NAMES_MAX; i++)
        bases[install.n_base_names++] = base_names[i].name;
    install.names = remove.names = names;
    install.base_names = remove.base_names = bases;
    remove.n_names = install.n_names;
    remove.n_base_names = install.n_base_names;
    answer.n_install = answer.n_remove = 1;
    answer.install = installs;
    answer.remove = removes;
    gx_gy_apply(arena, &answer);
    for (size_t i = 0; i < install.n_names; i++)
        must(gxgy_store_rule(names[i]) != NULL);
    for (size_t i = 0; i < install.n_base_names; i++)
        must(gxgy_store_base(bases[i]) != NULL);
}

static void check_kept(const struct gxgy_rule_lists *before)
{
    must(gxgy_store_lists(1 + GXGY_STORE_FILE) == before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const settings[] = {"",
                                           "gx = { wide_ports = \"widen\"; max_flows = 2; };"
                                           "rules = ( { id = \"own\"; omnipresent = true; } );"};
    char why[256] = "";
    struct conf *conf = NULL;
    gx_gy_world();
    if (size < 1 || size > INPUT_MAX || memmem(data, size, "@include", 8))
        return 0;
    gx_gy_settings(settings[size % 2]);
    char *text = strndup((const char *)data, size);
    must(text != NULL);
    enum err err = conf_parse("rules.conf", text, &conf);
    free(text);
    if (err != ERR_OK) {
        must(conf && conf_n_errors(conf) > 0);
        conf_free(conf);
        return 0;
    }
    const struct gxgy_rule_lists *before = gxgy_store_lists(1 + GXGY_STORE_FILE);
    err = gxgy_store_replace(GXGY_STORE_FILE, conf, why, sizeof(why));
    must((err == ERR_OK) == (why[0] == '\0'));
    if (err != ERR_OK) {
        check_kept(before);
        return 0;
    }
    struct base_arena *arena = base_arena_new(0, 0);
    must(arena != NULL);
    ask_for_all(arena);
    base_arena_free(arena);
    return 0;
}
