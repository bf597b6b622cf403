// SPDX-License-Identifier: BSD-3-Clause
#include "kit.h"

#include <arpa/inet.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/ident.h"

enum { HEADER = 20, MESSAGE_MAX = 16384 };
static char origin_host[] = "fgw.example.org", origin_realm[] = "example.org";

static void no_log(int level, const char *format, va_list args) {}

static void no_line(enum base_log_level lvl, const char *line, void *arg) {}

static void report(void *arg, const char *text)
{
    print_error("%s\n", text);
}

int kit_start(void **state)
{
    fd_log_handler_register(no_log);
    base_log_set_sink(no_line, NULL);
    if (fd_core_initialize() != 0 || dia_dict_load(FGW_TEST_DICTIONARIES) != ERR_OK)
        return -1;
    fd_g_config->cnf_diamid = origin_host;
    fd_g_config->cnf_diamid_len = strlen(origin_host);
    fd_g_config->cnf_diamrlm = origin_realm;
    fd_g_config->cnf_diamrlm_len = strlen(origin_realm);
    return gxgy_tables_compile(report, NULL) == ERR_OK && gxgy_down_accept() == ERR_OK &&
                   gxgy_late_start() == ERR_OK
               ? 0
               : -1;
}

int kit_stop(void **state)
{
    gxgy_tables_free();
    return 0;
}

static enum err read_settings(const char *text)
{
    char full[4096];
    snprintf(full, sizeof(full), "gx_gy = { %s };", text);
    conf_free(world.conf);
    world.conf = NULL;
    enum err err = conf_parse("test", full, &world.conf);
    if (err == ERR_OK)
        err = conf_read(world.conf, "gx_gy", gxgy_settings_keys, &world.settings);
    if (err == ERR_OK)
        err = gxgy_configure(world.conf, &world.settings);
    for (size_t i = 0; i < conf_n_errors(world.conf); i++)
        print_message("%s\n", conf_error_text(world.conf, i));
    return err;
}

int kit_setup(void **state)
{
    memset(&world, 0, sizeof(world));
    world.arena = base_arena_new(0, 64 << 20);
    if (!world.arena || base_loop_new("test", 64, &world.loop) != ERR_OK)
        return -1;
    return read_settings("") == ERR_OK ? 0 : -1;
}

int kit_teardown(void **state)
{
    gxgy_late_stop();
    for (size_t i = 0; i < world.n_sent; i++)
        fd_msg_free(world.sent[i].msg);
    if (world.inbound.request)
        fd_msg_free(world.inbound.request);
    if (world.inbound.answer)
        fd_msg_free(world.inbound.answer);
    base_arena_free(world.arena);
    base_loop_free(world.loop);
    conf_free(world.conf);
    return 0;
}

void kit_settings(const char *text)
{
    assert_int_equal(read_settings(text), ERR_OK);
}

// ---- messages ----
char *kit_avps_hex(struct msg *msg)
{
    uint8_t *bytes;
    size_t len;
    assert_int_equal(dia_msg_bytes(msg, &bytes, &len), ERR_OK);
    char *hex = malloc(2 * (len - HEADER) + 1);
    assert_non_null(hex);
    base_hex_encode(bytes + HEADER, len - HEADER, hex);
    free(bytes);
    return hex;
}

struct msg *kit_message(uint32_t application, uint32_t command, bool request, const char *avps_hex)
{
    uint8_t bytes[MESSAGE_MAX] = {0};
    struct msg *msg = NULL;
    size_t len;
    assert_int_equal(base_hex_decode(avps_hex, bytes + HEADER, MESSAGE_MAX - HEADER, &len), ERR_OK);
    len += HEADER;
    const uint32_t words[] = {htonl(0x01000000u | (uint32_t)len),
                              htonl((request ? 0xc0000000u : 0x40000000u) | command),
                              htonl(application)};
    memcpy(bytes, words, sizeof(words));
    assert_int_equal(dia_msg_parse(bytes, len, &msg), ERR_OK);
    return msg;
}

void kit_encodes_as(enum gxgy_message message, const ProtobufCMessage *from, const char *avps_hex)
{
    const struct xlate_def *def = xlate_def(gxgy_table(message));
    struct xlate_ctx ctx = {.arena = world.arena};
    struct msg *msg = NULL;
    assert_int_equal(dia_request_new(def->application, def->command, &msg), ERR_OK);
    assert_int_equal(xlate_encode(gxgy_table(message), from, msg, &ctx), ERR_OK);
    char *hex = kit_avps_hex(msg);
    assert_string_equal(hex, avps_hex);
    free(hex);
    fd_msg_free(msg);
}

ProtobufCMessage *kit_decode(struct base_arena *arena, enum gxgy_message message,
                             const char *avps_hex)
{
    const struct xlate_def *def = xlate_def(gxgy_table(message));
    struct msg *msg = kit_message(def->application, def->command, def->request, avps_hex);
    struct xlate_ctx ctx = {.arena = arena, .lenient = !def->request};
    ProtobufCMessage *out = NULL;
    assert_int_equal(xlate_decode(gxgy_table(message), msg, &ctx, &out), ERR_OK);
    fd_msg_free(msg);
    return out;
}

static const char *leaf_text(struct avp *avp)
{
    static char texts[8][512];
    static unsigned turn;
    struct avp_hdr *hdr;
    struct dict_object *model;
    struct dict_avp_data data;
    char *text = texts[turn++ % 8];
    assert_int_equal(fd_msg_avp_hdr(avp, &hdr), 0);
    assert_int_equal(fd_msg_model(avp, &model), 0);
    assert_int_equal(fd_dict_getval(model, &data), 0);
    switch (data.avp_basetype) {
    case AVP_TYPE_GROUPED:
        return "group";
    case AVP_TYPE_OCTETSTRING:
        snprintf(text, 512, "%.*s", (int)hdr->avp_value->os.len, (char *)hdr->avp_value->os.data);
        return text;
    case AVP_TYPE_UNSIGNED64:
    case AVP_TYPE_INTEGER64:
        snprintf(text, 512, "%" PRIu64, hdr->avp_value->u64);
        return text;
    default:
        snprintf(text, 512, "%u", hdr->avp_value->u32);
        return text;
    }
}

static struct avp *find_path(msg_or_avp *msg, const dia_avp_id *path, size_t n)
{
    struct avp *avp = dia_find(msg, path[0]);
    for (; avp && n > 1; avp = dia_find_next(avp, path[0])) {
        struct avp *found = find_path(avp, path + 1, n - 1);
        if (found)
            return found;
    }
    return avp;
}

const char *kit_value(msg_or_avp *msg, const dia_avp_id *path, size_t n)
{
    struct avp *avp = find_path(msg, path, n);
    return avp ? leaf_text(avp) : NULL;
}

const char *kit_octets(msg_or_avp *msg, const dia_avp_id *path, size_t n)
{
    static char hex[2 * 256 + 1];
    struct avp *avp = find_path(msg, path, n);
    struct avp_hdr *hdr;
    if (!avp)
        return NULL;
    assert_int_equal(fd_msg_avp_hdr(avp, &hdr), 0);
    assert_true(hdr->avp_value->os.len < sizeof(hex) / 2);
    base_hex_encode(hdr->avp_value->os.data, hdr->avp_value->os.len, hex);
    return hex;
}

size_t kit_count(msg_or_avp *parent, dia_avp_id id)
{
    size_t n = 0;
    for (struct avp *avp = dia_find(parent, id); avp; avp = dia_find_next(avp, id))
        n++;
    return n;
}
