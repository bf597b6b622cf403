// SPDX-License-Identifier: BSD-3-Clause
// Writes seeds of fuzz_gx_gy_session and fuzz_gx_gy_answer: gx_gy_seeds CORPUS_FOLDER. Messages of
// the core are made from the translation tables, with a value for every row; those of access
// gateways from their descriptors, with a value for every field. Run by hand when tables or
// messages grow; the seeds are in the tree.
#include <arpa/inet.h>
#include <stdio.h>

#include "diameter/avp.h"
#include "gx_gy_world.h"
#include "proto/event_charging.pb-c.h"

struct bytes {
    uint8_t data[16384]; // what the targets take at most
    size_t len;
};

static const char *folder;
static unsigned turn;       // so that repeated things differ
static dia_avp_id left_out; // of messages

static void add(struct bytes *b, const void *data, size_t len)
{
    must(b->len + len <= sizeof(b->data));
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
}

static void add_text(struct bytes *b, const char *text)
{
    add(b, text, strlen(text));
}

static void add_byte(struct bytes *b, unsigned value)
{
    const uint8_t byte = (uint8_t)value;
    add(b, &byte, 1);
}

static void write_seed(const char *corpus, const char *name, const struct bytes *b)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s/%s", folder, corpus, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(b->data, 1, b->len, file) != b->len) {
        perror(path);
        exit(1);
    }
    fclose(file);
}

// ---- AVPs ----
enum { WAY = XLATE_ENCODE | XLATE_DECODE };

static void add_number(struct bytes *b, uint64_t value, int octets)
{
    for (int i = octets - 1; i >= 0; i--)
        add_byte(b, (unsigned)(value >> 8 * i));
}

static void add_value(struct bytes *b, const struct xlate *row, const struct dia_avp_def *def)
{
    uint64_t value = row->flags & XLATE_CONST ? (uint64_t)row->value
                     : row->min               ? (uint64_t)row->min
                                              : 1 + turn % 2;
    switch (def->type) {
    case DIA_UINT64:
    case DIA_INT64:
        add_number(b, value, 8);
        break;
    case DIA_UINT32:
    case DIA_INT32:
    case DIA_ENUM:
        add_number(b, value, 4);
        break;
    case DIA_TIME:
        add_number(b, 3900000000u + turn, 4);
        break;
    case DIA_ADDRESS:
        add(b, "\0\1\xc0\0\2\7", 6);
        break;
    case DIA_IPFILTER:
    case DIA_QOSFILTER:
        add_text(b, "permit out 6 from 192.0.2.0/24 80,90-91 to assigned");
        break;
    case DIA_URI:
        add_text(b, "aaa://ocs.example.org:3868;transport=tcp");
        break;
    case DIA_IDENTITY:
        add_text(b, "h.example.org");
        break;
    default:
        if (row->avp == AVP_CHARGING_RULE_NAME || row->avp == AVP_CHARGING_RULE_BASE_NAME) {
            add_text(b, row->avp == AVP_CHARGING_RULE_NAME ? "video" : "base"); // of the target
        } else if (row->min > 2) {
            for (int64_t i = 0; i < row->min; i++)
                add_byte(b, '0');
        } else {
            add(b, "n", 1);
            add_byte(b, '0' + turn % 10);
        }
    }
}

static void add_rows(struct bytes *b, const struct xlate *rows);

static void add_row(struct bytes *b, const struct xlate *row)
{
    const struct dia_avp_def *def = dia_dict_avp_def(row->avp);
    uint32_t vendor = DIA_VENDOR(row->avp), code = htonl(DIA_CODE(row->avp));
    struct bytes inner = {.len = 0};
    must(def != NULL);
    if (row->members)
        add_rows(&inner, row->members);
    else
        add_value(&inner, row, def);
    size_t header = vendor ? 12 : 8, len = header + inner.len;
    add(b, &code, 4);
    add_byte(b, (vendor ? 0x80u : 0) | (def->mandatory ? 0x40u : 0));
    add_number(b, len, 3);
    if (vendor)
        add_number(b, vendor, 4);
    add(b, inner.data, inner.len);
    while (b->len % 4)
        add_byte(b, 0);
}

static void add_rows(struct bytes *b, const struct xlate *rows)
{
    for (const struct xlate *row = rows; row->avp; row++)
        if (!(row->flags & WAY) || (row->flags & XLATE_DECODE))
            add_row(b, row);
}

// As `add_rows`, with groups twice.
static void add_message(struct bytes *b, enum gxgy_message message, bool twice)
{
    for (const struct xlate *row = xlate_def(gxgy_table(message))->rows; row->avp; row++) {
        if (((row->flags & WAY) && !(row->flags & XLATE_DECODE)) || row->avp == left_out)
            continue;
        add_row(b, row);
        if (!twice || !row->members)
            continue;
        turn++;
        add_row(b, row);
    }
}

// ---- protobuf ----
static void add_varint(struct bytes *b, uint64_t value)
{
    for (; value > 127; value >>= 7)
        add_byte(b, 0x80u | (value & 0x7f));
    add_byte(b, (unsigned)value);
}

static const char *text_for(const char *name)
{
    static const struct {
        const char *name, *text;
    } texts[] = {
        {"session_id", "IMSI001010000000001-1"},
        {"id", "IMSI001010000000001"},
        {"sid", "IMSI001010000000001"},
        {"ue_ipv4", "10.0.0.7"},
        {"ue_ipv6", "2001:db8:1::1"},
        {"spgw_ipv4", "192.0.2.9"},
        {"address", "192.0.2.8"},
        {"imei", "3534900698733153"},
        {"plmn_id", "00101"},
        {"imsi_plmn_id", "001010"},
        {"charging_characteristics", "0800"},
        {"content", "permit out ip from any to any"},
        {"filter", "permit in 17 from 2001:db8::/32 53 to any"},
        {"description", "permit out ip from any to any"},
        {"gx_dest_host", ""},
        {"gy_dest_host", ""},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (strcmp(texts[i].name, name) == 0)
            return texts[i].text;
    return "t1";
}

static void add_fields(struct bytes *b, const ProtobufCMessageDescriptor *desc, int depth,
                       bool second);

static void add_field(struct bytes *b, const ProtobufCFieldDescriptor *f, int depth, bool second)
{
    struct bytes inner = {.len = 0};
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        add_fields(&inner, f->descriptor, depth - 1, second);
        break;
    case PROTOBUF_C_TYPE_STRING:
        add_text(&inner, text_for(f->name));
        break;
    case PROTOBUF_C_TYPE_BYTES:
        add(&inner, "mk\0\0\0\1", strstr(f->name, "mac") || strstr(f->name, "hardware") ? 6 : 2);
        break;
    case PROTOBUF_C_TYPE_FIXED32:
        add_varint(b, f->id << 3 | 5);
        add(b, "\1\2\3\4", 4);
        return;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        add_varint(b, f->id << 3);
        add_varint(b, 1 + turn % 2);
        return;
    default:
        fprintf(stderr, "%s: a type that is not known here\n", f->name);
        exit(1);
    }
    add_varint(b, f->id << 3 | 2);
    add_varint(b, inner.len);
    add(b, inner.data, inner.len);
}

static void add_fields(struct bytes *b, const ProtobufCMessageDescriptor *desc, int depth,
                       bool second)
{
    int last_case = -1;
    for (unsigned i = 0; depth > 0 && i < desc->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &desc->fields[i];
        bool choice = f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
        if (choice && !second && last_case == (int)f->quantifier_offset)
            continue; // of several, the first; the last of them counts otherwise
        last_case = choice ? (int)f->quantifier_offset : -1;
        add_field(b, f, depth, second);
        if (f->label == PROTOBUF_C_LABEL_REPEATED && second) {
            turn++;
            add_field(b, f, depth, second);
        }
    }
}

// ---- seeds ----
static void add_piece(struct bytes *b, int how, const struct bytes *content)
{
    size_t len = content->len + (how >= 0 ? 1 : 0);
    add_number(b, len, 2);
    if (how >= 0)
        add_byte(b, (unsigned)how);
    add(b, content->data, content->len);
}

// What comes back for each thing that is sent.
struct back {
    const struct bytes *content;
    int how; // as the target has it
};

static void session_seed(const char *name, unsigned kind, unsigned variant, unsigned flags,
                         unsigned failing, const struct bytes *request, const struct back *back,
                         size_t n)
{
    struct bytes b = {.len = 0};
    char file[80];
    add_byte(&b, kind | variant << 3 | flags);
    add_byte(&b, failing);
    add_piece(&b, -1, request);
    for (size_t i = 0; i < n; i++)
        add_piece(&b, back[i].how, back[i].content);
    snprintf(file, sizeof(file), "%s_%u", name, variant);
    write_seed("gx_gy_session", file, &b);
}

static const struct way {
    const char *name;
    unsigned variants; // bits: settings of the target
    unsigned flags, failing;
    int hows[4];
    bool second; // all that is repeated twice
} ways[] = {
    {.name = "", .variants = 0xff},
    {.name = "_twice", .variants = 0x83, .second = true},
    {.name = "_cancelled", .variants = 0x01, .flags = 0x40},
    {.name = "_unsent", .variants = 0x21, .failing = 1},
    {.name = "_late", .variants = 0x21, .hows = {2, 0, 2, 0}},
    {.name = "_lost", .variants = 0x60, .hows = {3, 0, 3, 0}},
    {.name = "_refused", .variants = 0x01, .hows = {0, 6, 4, 5}},
};

static void calls(const struct way *way)
{
    static const struct {
        const char *name;
        const ProtobufCMessageDescriptor *request;
        int order[4]; // 0 Gx, 1 Gy
    } methods[] = {
        {"create", &magma__lte__create_session_request__descriptor, {0, 0, 1, 1}},
        {"update", &magma__lte__update_session_request__descriptor, {1, 0, 1, 0}},
        {"terminate", &magma__lte__session_terminate_request__descriptor, {0, 1, 0, 1}},
        {"charge", &fgw__charging__event_request__descriptor, {1, 1, 1, 1}},
    };
    for (unsigned kind = 0; kind < 4; kind++) {
        struct bytes request = {.len = 0}, answer[2] = {{.len = 0}, {.len = 0}};
        bool again = way->hows[0] != 0; // else nothing is sent twice
        struct back back[4];
        size_t n = 0;
        char name[40];
        add_fields(&request, methods[kind].request, way->second ? 5 : 6, way->second);
        add_message(&answer[0], GXGY_GX_CCA, way->second);
        add_message(&answer[1], GXGY_GY_CCA, way->second);
        for (size_t i = 0; i < 4; i++)
            if (again || i == 0 || methods[kind].order[i] != methods[kind].order[i - 1])
                if (again || n < 2)
                    back[n++] = (struct back){&answer[methods[kind].order[i]], way->hows[i]};
        snprintf(name, sizeof(name), "%s%s", methods[kind].name, way->name);
        for (unsigned variant = 0; variant < 8; variant++)
            if (way->variants & 1u << variant)
                session_seed(name, kind, variant, way->flags, way->failing, &request, back, n);
    }
}

static void requests(void)
{
    static const struct {
        const char *name;
        int message;
        const ProtobufCMessageDescriptor *answer;
    } rows[] = {
        {"gx_rar", GXGY_GX_RAR, &magma__lte__policy_re_auth_answer__descriptor},
        {"gx_asr", -1, &magma__lte__abort_session_result__descriptor},
        {"gy_rar", GXGY_GY_RAR, &magma__lte__charging_re_auth_answer__descriptor},
        {"gy_asr", -1, &magma__lte__abort_session_result__descriptor},
    };
    for (unsigned i = 0; i < 4; i++) {
        struct bytes request = {.len = 0}, answer = {.len = 0};
        left_out = i == 0 ? AVP_SESSION_RELEASE_CAUSE : 0; // otherwise it ends the session
        if (rows[i].message >= 0)
            add_message(&request, (enum gxgy_message)rows[i].message, true);
        add_fields(&answer, rows[i].answer, 4, true);
        const struct back back = {&answer, 0};
        session_seed(rows[i].name, 4 + i, 0, 0x80, 0, &request, &back, 1);
    }
    left_out = 0;
}

static void answers(void)
{
    static const enum gxgy_message kinds[] = {GXGY_GX_CCA, GXGY_GX_RAR, GXGY_GY_CCA, GXGY_GY_RAR};
    static const char *const names[] = {"every_gx_cca", "every_gx_rar", "every_gy_cca",
                                        "every_gy_rar"};
    for (unsigned i = 0; i < 4; i++) {
        struct bytes b = {.len = 0};
        add_byte(&b, i);
        add_message(&b, kinds[i], true);
        write_seed("gx_gy_answer", names[i], &b);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: gx_gy_seeds CORPUS_FOLDER\n");
        return 2;
    }
    folder = argv[1];
    gx_gy_world();
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        calls(&ways[i]);
    requests();
    answers();
    return 0;
}
