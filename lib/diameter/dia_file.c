// SPDX-License-Identifier: BSD-3-Clause
// A scanner and one function per section. The format has no nesting, so nothing here recurses;
// sizes are bounded by the limits below, and whatever is not understood is an error with its line.
// Not for what the names refer to in other files: dict.c resolves that.
#include "diameter/dia_file.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_MAX = 8 * 1024 * 1024,
    ITEMS_MAX = 65536,  // entries of one table
    RULES_MAX = 1024,   // lines of one ABNF
    NAME_LEN_MAX = 128, // bytes of one name
    CODE_MAX = 0xffffff, // of a command: 24 bits on the wire
};

enum token_type { T_END, T_WORD, T_SECTION, T_PUNCT, T_DEFINES };

struct token {
    enum token_type type;
    const char *text;
    size_t len;
    int line;
};

// A vendor id given to single AVPs by @avp_vendor_id; applied when everything is read.
struct override {
    char *avp;
    uint32_t vendor;
    int line;
};

struct parser {
    const char *at, *end;
    int line;
    struct token token; // the one to be looked at
    struct dia_file *file;
    bool *vendor_flags; // parallel to file->avps: has the V flag
    size_t n_vendor_flags;
    struct override *overrides;
    size_t n_overrides;
    enum err err;
    struct dia_parse_error *error;
};

static const char *const type_names[DIA_TYPES] = {
    [DIA_OCTETS] = "OctetString",
    [DIA_INT32] = "Integer32",
    [DIA_INT64] = "Integer64",
    [DIA_UINT32] = "Unsigned32",
    [DIA_UINT64] = "Unsigned64",
    [DIA_FLOAT32] = "Float32",
    [DIA_FLOAT64] = "Float64",
    [DIA_GROUPED] = "Grouped",
    [DIA_ADDRESS] = "Address",
    [DIA_TIME] = "Time",
    [DIA_UTF8] = "UTF8String",
    [DIA_IDENTITY] = "DiameterIdentity",
    [DIA_URI] = "DiameterURI",
    [DIA_ENUM] = "Enumerated",
    [DIA_IPFILTER] = "IPFilterRule",
    [DIA_QOSFILTER] = "QoSFilterRule",
};

const char *dia_type_name(enum dia_type type)
{
    return (unsigned)type < DIA_TYPES ? type_names[type] : "unknown";
}

// ---- errors and memory ----

// Keeps the first error.
static void fail(struct parser *p, enum err err, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void fail(struct parser *p, enum err err, int line, const char *fmt, ...)
{
    if (p->err != ERR_OK)
        return;
    p->err = err;
    p->error->line = line;
    va_list args;
    va_start(args, fmt);
    vsnprintf(p->error->text, sizeof(p->error->text), fmt, args);
    va_end(args);
}

static const char *token_text(const struct token *token, char buf[48])
{
    if (token->type == T_END)
        snprintf(buf, 48, "end of file");
    else
        snprintf(buf, 48, "'%.*s'", (int)(token->len < 40 ? token->len : 40), token->text);
    return buf;
}

static void unexpected(struct parser *p, const char *expected)
{
    char found[48];
    fail(p, ERR_DECODE_SYNTAX, p->token.line, "found %s, expected %s", token_text(&p->token, found),
         expected);
}

static char *copy(struct parser *p, const char *text, size_t len)
{
    char *out = strndup(text, len);
    if (!out)
        fail(p, ERR_NOMEM, p->token.line, "out of memory");
    return out;
}

// Appends a zeroed item to a table that doubles at powers of two; NULL (and an error) if it cannot.
static void *append(struct parser *p, void *items, size_t *n, size_t size, size_t max)
{
    void **table = items;
    if (p->err != ERR_OK)
        return NULL;
    if (*n >= max) {
        fail(p, ERR_RANGE, p->token.line, "more than %zu entries", max);
        return NULL;
    }
    if ((*n & (*n - 1)) == 0) {
        void *grown = realloc(*table, (*n ? *n * 2 : 1) * size);
        if (!grown) {
            fail(p, ERR_NOMEM, p->token.line, "out of memory");
            return NULL;
        }
        *table = grown;
    }
    void *item = (char *)*table + *n * size;
    memset(item, 0, size);
    (*n)++;
    return item;
}

// ---- scanner ----

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.' || c == '/';
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end) {
        if (*p->at == ';') {
            while (p->at < p->end && *p->at != '\n')
                p->at++;
        } else if (isspace((unsigned char)*p->at)) {
            p->line += *p->at == '\n';
            p->at++;
        } else {
            return;
        }
    }
}

static void scan_word(struct parser *p, enum token_type type, const char *start)
{
    while (p->at < p->end && is_word(*p->at))
        p->at++;
    p->token.type = type;
    p->token.text = start;
    p->token.len = (size_t)(p->at - start);
    if (p->token.len == 0 || p->token.len > NAME_LEN_MAX)
        fail(p, ERR_DECODE_SYNTAX, p->line, "name of %zu bytes, expected 1 to %d", p->token.len,
             NAME_LEN_MAX);
}

// 'quoted name': only where the quote is closed on the same line.
static void scan_quoted(struct parser *p)
{
    const char *start = ++p->at;
    while (p->at < p->end && *p->at != '\'' && *p->at != '\n')
        p->at++;
    p->token.type = T_WORD;
    p->token.text = start;
    p->token.len = (size_t)(p->at - start);
    if (p->at == p->end || *p->at == '\n' || p->token.len == 0 || p->token.len > NAME_LEN_MAX) {
        fail(p, ERR_DECODE_SYNTAX, p->line, "found an unfinished or empty quoted name");
        return;
    }
    p->at++;
}

static void next(struct parser *p)
{
    skip_space(p);
    p->token = (struct token){.type = T_END, .text = p->at, .line = p->line};
    if (p->err != ERR_OK || p->at == p->end)
        return;
    char c = *p->at;
    if (c == '@') {
        p->at++;
        scan_word(p, T_SECTION, p->at);
    } else if (c == '\'') {
        scan_quoted(p);
    } else if (is_word(c)) {
        scan_word(p, T_WORD, p->at);
    } else if (p->end - p->at >= 3 && memcmp(p->at, "::=", 3) == 0) {
        p->token.type = T_DEFINES;
        p->token.len = 3;
        p->at += 3;
    } else if (strchr("<>{}[]:,*", c) && c) {
        p->token.type = T_PUNCT;
        p->token.len = 1;
        p->at++;
    } else {
        fail(p, ERR_DECODE_SYNTAX, p->line,
             "found character 0x%02x, expected a name or one of <>{}[]:,*", (unsigned char)c);
    }
}

static bool is_punct(const struct parser *p, char c)
{
    return p->err == ERR_OK && p->token.type == T_PUNCT && *p->token.text == c;
}

static bool token_is(const struct parser *p, const char *text)
{
    return p->err == ERR_OK && p->token.type == T_WORD && p->token.len == strlen(text) &&
           memcmp(p->token.text, text, p->token.len) == 0;
}

static bool is_number(const struct token *token)
{
    if (token->type != T_WORD || token->len == 0 || token->len > 11)
        return false;
    size_t i = token->text[0] == '-' && token->len > 1;
    for (; i < token->len; i++) {
        if (!isdigit((unsigned char)token->text[i]))
            return false;
    }
    return true;
}

static void expect_punct(struct parser *p, char c)
{
    char expected[4] = {'\'', c, '\'', 0};
    if (!is_punct(p, c)) {
        unexpected(p, expected);
        return;
    }
    next(p);
}

static char *take_name(struct parser *p, const char *expected)
{
    if (p->err == ERR_OK && p->token.type != T_WORD)
        unexpected(p, expected);
    if (p->err != ERR_OK)
        return NULL;
    char *name = copy(p, p->token.text, p->token.len);
    next(p);
    return name;
}

// Decimal number within [min, max]; 0 on error.
static int64_t take_number(struct parser *p, const char *expected, int64_t min, int64_t max)
{
    if (p->err != ERR_OK)
        return 0;
    if (!is_number(&p->token)) {
        unexpected(p, expected);
        return 0;
    }
    char text[16] = "";
    memcpy(text, p->token.text, p->token.len);
    int64_t value = strtoll(text, NULL, 10);
    if (value < min || value > max) {
        fail(p, ERR_RANGE, p->token.line, "found %s, expected %s from %lld to %lld", text, expected,
             (long long)min, (long long)max);
        return 0;
    }
    next(p);
    return value;
}

static bool more(const struct parser *p)
{
    return p->err == ERR_OK && p->token.type != T_END && p->token.type != T_SECTION;
}

// ---- sections ----

static void set_name(struct parser *p, char **where)
{
    char *name = take_name(p, "a name");
    free(*where);
    *where = name;
}

static void section_name(struct parser *p)
{
    set_name(p, &p->file->name);
}

static void section_prefix(struct parser *p)
{
    set_name(p, &p->file->prefix);
}

static void section_id(struct parser *p)
{
    p->file->application = (uint32_t)take_number(p, "an application id", 0, UINT32_MAX);
    p->file->has_application = p->err == ERR_OK;
}

static void section_vendor(struct parser *p)
{
    p->file->vendor = (uint32_t)take_number(p, "a vendor id", 0, UINT32_MAX);
    set_name(p, &p->file->vendor_name);
}

// The AVP names that may follow restrict what Erlang modules import; here the whole file is
// inherited.
static void section_inherits(struct parser *p)
{
    char *name = take_name(p, "the name of a dictionary");
    char **slot = append(p, &p->file->inherits, &p->file->n_inherits, sizeof(*slot), ITEMS_MAX);
    if (!slot) {
        free(name);
        return;
    }
    *slot = name;
    while (more(p))
        free(take_name(p, "the name of an AVP"));
}

static void section_vendor_id(struct parser *p)
{
    uint32_t vendor = (uint32_t)take_number(p, "a vendor id", 0, UINT32_MAX);
    while (more(p)) {
        struct override *o =
            append(p, &p->overrides, &p->n_overrides, sizeof(*o), ITEMS_MAX);
        if (!o)
            return;
        o->line = p->token.line;
        o->vendor = vendor;
        o->avp = take_name(p, "the name of an AVP");
    }
}

static void take_type(struct parser *p, struct dia_avp_def *def)
{
    for (int i = 0; i < DIA_TYPES; i++) {
        if (token_is(p, type_names[i])) {
            def->type = (enum dia_type)i;
            next(p);
            return;
        }
    }
    if (p->err == ERR_OK)
        unexpected(p, "a type: OctetString, Unsigned32, Enumerated, Grouped, Address ...");
}

// "-" or letters out of M, P, V, each at most once.
static void take_flags(struct parser *p, struct dia_avp_def *def, bool *vendor)
{
    if (token_is(p, "-")) {
        next(p);
        return;
    }
    if (p->err != ERR_OK)
        return;
    bool ok = p->token.type == T_WORD && p->token.len <= 3;
    for (size_t i = 0; ok && i < p->token.len; i++) {
        char c = p->token.text[i];
        bool *flag = c == 'M' ? &def->mandatory : c == 'P' ? &def->may_encrypt : vendor;
        ok = strchr("MPV", c) && !*flag;
        *flag = true;
    }
    if (ok)
        next(p);
    else
        unexpected(p, "flags: '-' or letters out of M, P, V");
}

static void section_avp_types(struct parser *p)
{
    while (more(p)) {
        struct dia_avp_def *def =
            append(p, &p->file->avps, &p->file->n_avps, sizeof(*def), ITEMS_MAX);
        bool *vendor =
            append(p, &p->vendor_flags, &p->n_vendor_flags, sizeof(*vendor), ITEMS_MAX);
        if (!def || !vendor)
            return;
        def->line = p->token.line;
        def->name = take_name(p, "the name of an AVP");
        def->code = (uint32_t)take_number(p, "an AVP code", 0, UINT32_MAX);
        take_type(p, def);
        take_flags(p, def, vendor);
    }
}

static void section_enum(struct parser *p)
{
    struct dia_enum_def *def =
        append(p, &p->file->enums, &p->file->n_enums, sizeof(*def), ITEMS_MAX);
    if (!def)
        return;
    def->avp = take_name(p, "the name of an AVP");
    while (more(p)) {
        char *name = take_name(p, "the name of a value");
        def = &p->file->enums[p->file->n_enums - 1];
        void *slot = append(p, &def->values, &def->n_values, sizeof(def->values[0]), ITEMS_MAX);
        if (!slot) {
            free(name);
            return;
        }
        def->values[def->n_values - 1].name = name;
        def->values[def->n_values - 1].value =
            (int32_t)take_number(p, "a value", INT32_MIN, INT32_MAX);
    }
}

// Names with numbers that are not values of an AVP.
static void section_define(struct parser *p)
{
    free(take_name(p, "a name"));
    while (more(p)) {
        free(take_name(p, "the name of a value"));
        take_number(p, "a value", INT32_MIN, UINT32_MAX);
    }
}

// Erlang modules that encode; the types here are enough.
static void section_ignored(struct parser *p)
{
    while (more(p))
        free(take_name(p, "a name"));
}

// ---- ABNF ----

// [min] ["*" [max]] before a rule.
static void take_repeat(struct parser *p, int *min, int *max, bool *star)
{
    *min = *max = -1;
    *star = false;
    if (is_number(&p->token))
        *min = (int)take_number(p, "a count", 0, 65535);
    if (is_punct(p, '*')) {
        *star = true;
        next(p);
        if (p->err == ERR_OK && is_number(&p->token))
            *max = (int)take_number(p, "a count", 1, 65535);
    }
}

static void take_rule(struct parser *p, struct dia_group_def *group)
{
    static const char open[] = "<{[", close[] = ">}]";
    int line = p->token.line;
    int min, max;
    bool star;
    take_repeat(p, &min, &max, &star);
    const char *bracket = p->err == ERR_OK && p->token.type == T_PUNCT
                              ? memchr(open, *p->token.text, sizeof(open) - 1)
                              : NULL;
    if (!bracket) {
        if (p->err == ERR_OK)
            unexpected(p, "an AVP in < >, { } or [ ]");
        return;
    }
    struct dia_rule *rule = append(p, &group->rules, &group->n_rules, sizeof(*rule), RULES_MAX);
    if (!rule)
        return;
    rule->place = (enum dia_place)(bracket - open);
    next(p);
    rule->avp = take_name(p, "the name of an AVP");
    expect_punct(p, close[rule->place]);
    // RFC 6733 §3.2: without a qualifier exactly one, or at most one if optional; with "*" the
    // least number is 0, or 1 if required
    if (star) {
        rule->min = min >= 0 ? min : rule->place == DIA_REQUIRED;
        rule->max = max;
    } else {
        rule->min = min >= 0 ? min : rule->place != DIA_OPTIONAL;
        rule->max = min > 0 ? min : 1;
    }
    if (p->err == ERR_OK && rule->max >= 0 && rule->max < rule->min)
        fail(p, ERR_DECODE_VALUE, line, "'%s' at least %d and at most %d times", rule->avp,
             rule->min, rule->max);
}

// The next definition begins: a name followed by "::=".
static bool at_definition(struct parser *p)
{
    if (p->err != ERR_OK || p->token.type != T_WORD)
        return false;
    struct parser saved = *p;
    next(p);
    bool yes = p->err == ERR_OK && p->token.type == T_DEFINES;
    struct token token = saved.token;
    p->at = saved.at;
    p->line = saved.line;
    p->token = token;
    return yes;
}

static void take_rules(struct parser *p, struct dia_group_def *group)
{
    while (more(p) && !at_definition(p))
        take_rule(p, group);
}

static void take_command_flags(struct parser *p, struct dia_group_def *group)
{
    while (is_punct(p, ',')) {
        next(p);
        if (token_is(p, "REQ"))
            group->request = true;
        else if (token_is(p, "PXY"))
            group->proxiable = true;
        else if (token_is(p, "ERR"))
            group->error = true;
        else if (p->err == ERR_OK && !is_number(&p->token)) // the application id: @id says it
            unexpected(p, "REQ, PXY or ERR");
        next(p);
    }
    if (p->err == ERR_OK && is_number(&p->token))
        next(p);
}

static void expect_words(struct parser *p, const char *first, const char *second)
{
    char expected[48];
    snprintf(expected, sizeof(expected), "'< %s %s: code'", first, second);
    if (!token_is(p, first)) {
        unexpected(p, expected);
        return;
    }
    next(p);
    if (!token_is(p, second)) {
        unexpected(p, expected);
        return;
    }
    next(p);
    expect_punct(p, ':');
}

static void expect_defines(struct parser *p)
{
    if (p->err == ERR_OK && p->token.type != T_DEFINES)
        unexpected(p, "'::='");
    next(p);
    expect_punct(p, '<');
}

static void section_messages(struct parser *p)
{
    while (more(p)) {
        struct dia_group_def *m =
            append(p, &p->file->messages, &p->file->n_messages, sizeof(*m), ITEMS_MAX);
        if (!m)
            return;
        m->line = p->token.line;
        m->name = take_name(p, "the name of a command");
        expect_defines(p);
        expect_words(p, "Diameter", "Header");
        m->code = (uint32_t)take_number(p, "a command code", 0, CODE_MAX);
        take_command_flags(p, m);
        expect_punct(p, '>');
        take_rules(p, m);
    }
}

static void section_grouped(struct parser *p)
{
    while (more(p)) {
        struct dia_group_def *g =
            append(p, &p->file->groups, &p->file->n_groups, sizeof(*g), ITEMS_MAX);
        if (!g)
            return;
        g->line = p->token.line;
        g->name = take_name(p, "the name of a grouped AVP");
        expect_defines(p);
        expect_words(p, "AVP", "Header");
        g->code = (uint32_t)take_number(p, "an AVP code", 0, UINT32_MAX);
        if (p->err == ERR_OK && p->token.type == T_WORD)
            g->vendor = (uint32_t)take_number(p, "a vendor id", 0, UINT32_MAX);
        expect_punct(p, '>');
        take_rules(p, g);
    }
}

static const struct {
    const char *name;
    void (*parse)(struct parser *p);
} sections[] = {
    {"name", section_name},
    {"prefix", section_prefix},
    {"id", section_id},
    {"vendor", section_vendor},
    {"avp_vendor_id", section_vendor_id},
    {"inherits", section_inherits},
    {"avp_types", section_avp_types},
    {"enum", section_enum},
    {"grouped", section_grouped},
    {"messages", section_messages},
    {"define", section_define},
    {"result_code", section_define},
    {"custom_types", section_ignored},
    {"codecs", section_ignored},
};

// False at the end of the file (or @end).
static bool parse_section(struct parser *p)
{
    if (p->err != ERR_OK || p->token.type == T_END)
        return false;
    if (p->token.type != T_SECTION) {
        unexpected(p, "a section such as @avp_types");
        return false;
    }
    struct token head = p->token;
    if (head.len == 3 && memcmp(head.text, "end", 3) == 0)
        return false;
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (head.len == strlen(sections[i].name) &&
            memcmp(head.text, sections[i].name, head.len) == 0) {
            next(p);
            sections[i].parse(p);
            if (more(p))
                unexpected(p, "a section such as @avp_types");
            return p->err == ERR_OK;
        }
    }
    fail(p, ERR_DECODE_SYNTAX, head.line, "found unknown section @%.*s", (int)head.len, head.text);
    return false;
}

// ---- what can only be checked at the end ----

static struct dia_avp_def *find_avp(const struct dia_file *file, const char *name)
{
    for (size_t i = 0; i < file->n_avps; i++) {
        if (strcmp(file->avps[i].name, name) == 0)
            return &file->avps[i];
    }
    return NULL;
}

static void apply_vendors(struct parser *p)
{
    struct dia_file *file = p->file;
    for (size_t i = 0; i < file->n_avps; i++) {
        if (!p->vendor_flags[i])
            continue;
        file->avps[i].vendor = file->vendor;
    }
    for (size_t i = 0; i < p->n_overrides; i++) {
        struct dia_avp_def *def = find_avp(file, p->overrides[i].avp);
        if (def)
            def->vendor = p->overrides[i].vendor;
        else
            fail(p, ERR_DECODE_VALUE, p->overrides[i].line,
                 "@avp_vendor_id names '%s', not in @avp_types", p->overrides[i].avp);
    }
    for (size_t i = 0; i < file->n_avps; i++) {
        if (p->vendor_flags[i] && file->avps[i].vendor == 0)
            fail(p, ERR_DECODE_MISSING, file->avps[i].line,
                 "'%s' has the V flag, but the file has no @vendor", file->avps[i].name);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct dia_avp_def *const *)a)->name,
                  (*(const struct dia_avp_def *const *)b)->name);
}

static void check_duplicates(struct parser *p)
{
    size_t n = p->file->n_avps;
    if (n < 2)
        return;
    struct dia_avp_def **sorted = malloc(n * sizeof(struct dia_avp_def *));
    if (!sorted) {
        fail(p, ERR_NOMEM, 0, "out of memory");
        return;
    }
    for (size_t i = 0; i < n; i++)
        sorted[i] = &p->file->avps[i];
    qsort(sorted, n, sizeof(sorted[0]), by_name);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(sorted[i]->name, sorted[i - 1]->name) == 0) {
            int line =
                sorted[i]->line > sorted[i - 1]->line ? sorted[i]->line : sorted[i - 1]->line;
            fail(p, ERR_DECODE_DUPLICATE, line, "'%s' is defined twice", sorted[i]->name);
        }
    }
    free(sorted);
}

static void check_groups(struct parser *p)
{
    for (size_t i = 0; i < p->file->n_groups; i++) {
        struct dia_group_def *g = &p->file->groups[i];
        const struct dia_avp_def *def = find_avp(p->file, g->name);
        if (!def)
            continue; // defined in an inherited file
        if (g->vendor == 0)
            g->vendor = def->vendor;
        if (def->type != DIA_GROUPED)
            fail(p, ERR_DECODE_VALUE, g->line, "'%s' is of type %s, expected Grouped", g->name,
                 dia_type_name(def->type));
        else if (def->code != g->code || def->vendor != g->vendor)
            fail(p, ERR_DECODE_VALUE, g->line, "'%s' has AVP code %u, but %u in @avp_types",
                 g->name, g->code, def->code);
    }
}

static void check_file(struct parser *p)
{
    if (p->err == ERR_OK && !p->file->name)
        fail(p, ERR_DECODE_MISSING, 1, "found no @name");
    if (p->err == ERR_OK && p->file->n_messages && !p->file->has_application)
        fail(p, ERR_DECODE_MISSING, p->file->messages[0].line, "@messages without @id");
    if (p->err == ERR_OK)
        check_duplicates(p);
    if (p->err == ERR_OK)
        apply_vendors(p);
    if (p->err == ERR_OK)
        check_groups(p);
}

enum err dia_file_parse(const char *text, size_t len, struct dia_file **out,
                        struct dia_parse_error *error)
{
    *out = NULL;
    *error = (struct dia_parse_error){0};
    struct parser p = {.at = text, .end = text + len, .line = 1, .error = error};
    if (len > FILE_MAX) {
        fail(&p, ERR_RANGE, 0, "file of %zu bytes, expected at most %d", len, FILE_MAX);
        return p.err;
    }
    p.file = calloc(1, sizeof(*p.file));
    if (!p.file) {
        fail(&p, ERR_NOMEM, 0, "out of memory");
        return p.err;
    }
    next(&p);
    while (parse_section(&p))
        ;
    check_file(&p);
    for (size_t i = 0; i < p.n_overrides; i++)
        free(p.overrides[i].avp);
    free(p.overrides);
    free(p.vendor_flags);
    if (p.err != ERR_OK) {
        dia_file_free(p.file);
        return p.err;
    }
    *out = p.file;
    return ERR_OK;
}

static void free_groups(struct dia_group_def *groups, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t r = 0; r < groups[i].n_rules; r++)
            free(groups[i].rules[r].avp);
        free(groups[i].rules);
        free(groups[i].name);
    }
    free(groups);
}

void dia_file_free(struct dia_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->n_avps; i++)
        free(file->avps[i].name);
    for (size_t i = 0; i < file->n_enums; i++) {
        for (size_t v = 0; v < file->enums[i].n_values; v++)
            free(file->enums[i].values[v].name);
        free(file->enums[i].values);
        free(file->enums[i].avp);
    }
    for (size_t i = 0; i < file->n_inherits; i++)
        free(file->inherits[i]);
    free_groups(file->groups, file->n_groups);
    free_groups(file->messages, file->n_messages);
    free(file->avps);
    free(file->enums);
    free(file->inherits);
    free(file->name);
    free(file->prefix);
    free(file->vendor_name);
    free(file);
}
