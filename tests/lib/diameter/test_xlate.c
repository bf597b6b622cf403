// SPDX-License-Identifier: BSD-3-Clause
// The translation engine with small tables of its own: what compiling finds, what each conversion
// does in both directions, what happens to messages that do not fit.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ident.h"
#include "diameter/avp.h"
#include "diameter/xlate.h"
#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"

#define TEXT(text) ((char *)(uintptr_t)(text))
#define BYTES(text)                                                                                \
    {                                                                                              \
        .len = sizeof(text) - 1, .data = (uint8_t *)(uintptr_t)(text)                              \
    }

static void no_log(int level, const char *format, va_list args) {}

static int start(void **state)
{
    fd_log_handler_register(no_log);
    return fd_core_initialize() == 0 && dia_dict_load(FGW_TEST_DICTIONARIES) == ERR_OK ? 0 : -1;
}

// ---- a table at a time ----
static char reports[4096];
static unsigned n_reports;

static void report(void *arg, const char *text)
{
    n_reports++;
    size_t used = strlen(reports);
    snprintf(reports + used, sizeof(reports) - used, "%s\n", text);
}

static struct xlate_def definition(const struct xlate *rows, const ProtobufCMessageDescriptor *type,
                                   uint32_t command, bool request, unsigned direction)
{
    return (struct xlate_def){.name = "test",
                              .application = DIA_APP_S6A,
                              .command = command,
                              .request = request,
                              .direction = direction,
                              .message = type,
                              .rows = rows};
}

static void mistake(const struct xlate_def *def, const char *about)
{
    struct xlate_table *table = NULL;
    reports[0] = '\0';
    n_reports = 0;
    assert_int_equal(xlate_compile(def, report, NULL, &table), ERR_DIA_DICT);
    assert_null(table);
    if (!strstr(reports, about))
        print_error("%s", reports);
    assert_non_null(strstr(reports, about));
}

#define ULA_TYPE (&magma__feg__update_location_answer__descriptor)
#define WRONG(about, ...)                                                                          \
    do {                                                                                           \
        static const struct xlate rows_[] = {__VA_ARGS__, XLATE_END};                              \
        const struct xlate_def def_ = definition(rows_, ULA_TYPE, 316, false, XLATE_DECODE);       \
        mistake(&def_, about);                                                                     \
    } while (0)

static const struct xlate any_rows[] = {
    {.field = "context_id", .avp = AVP_CONTEXT_IDENTIFIER},
    XLATE_END,
};
static const struct xlate pdp_type_rows[] = {
    {.field = "ula_flags", .avp = AVP_PDP_TYPE},
    XLATE_END,
};

static void test_mistakes_in_tables_are_reported(void **state)
{
    WRONG("has no field nothing", {.field = "nothing", .avp = AVP_ULA_FLAGS});
    WRONG("has no field nothing", {.field = "extras.nothing", .avp = AVP_ULA_FLAGS});
    WRONG("not a single sub-message", {.field = "apn.context_id", .avp = AVP_ULA_FLAGS});
    WRONG("not a single sub-message", {.field = "msisdn.x", .avp = AVP_ULA_FLAGS});
    WRONG("is not in the dictionary", {.field = "ula_flags", .avp = DIA_AVP(10415, 65000)});
    WRONG("does not fit", {.field = "msisdn", .avp = AVP_ULA_FLAGS});
    WRONG("does not fit", {.field = "ula_flags", .avp = AVP_RESET_ID});
    WRONG("does not fit", {.field = "default_charging_characteristics", .avp = AVP_RESET_ID});
    WRONG("does not fit", {.field = "ula_flags", .avp = AVP_ULA_FLAGS, .conv = &xlate_bit});
    WRONG("no such bit",
          {.field = "all_apns_included", .avp = AVP_ULA_FLAGS, .conv = &xlate_bit, .value = 32});
    WRONG("needs members", {.field = "total_ambr", .avp = AVP_SUBSCRIPTION_DATA});
    WRONG("has members, but is Unsigned32",
          {.field = "apn", .avp = AVP_ULA_FLAGS, .members = any_rows});
    WRONG("needs a message field",
          {.field = "ula_flags", .avp = AVP_SUBSCRIPTION_DATA, .members = any_rows});
    WRONG("is not in the ABNF of Subscription-Data",
          {.avp = AVP_SUBSCRIPTION_DATA, .members = pdp_type_rows});
    WRONG("is not in the ABNF of ULA", {.field = "ula_flags", .avp = AVP_CONTEXT_IDENTIFIER});
    WRONG("occurs once",
          {.field = "supported_features", .avp = AVP_SUBSCRIPTION_DATA, .members = any_rows});
    WRONG("numeric constant", {.avp = AVP_ULA_FLAGS});
    WRONG("defaults are for numbers",
          {.field = "reset_ids", .avp = AVP_RESET_ID, .flags = XLATE_DEFAULT});
}

static void test_every_mistake_is_reported(void **state)
{
    WRONG("nothing1", {.field = "nothing1", .avp = AVP_ULA_FLAGS},
          {.field = "nothing2", .avp = AVP_ULA_FLAGS}, {.field = "ula_flags", .avp = AVP_RESET_ID});
    assert_int_equal(n_reports, 3);
    assert_non_null(strstr(reports, "nothing2"));
}

static void test_required_avps_need_a_row_that_makes_sure_of_them(void **state)
{
    static const struct xlate rows[] = {
        {.field = "user_name", .avp = AVP_USER_NAME, .conv = &xlate_imsi}, // not REQUIRED
        XLATE_END,
    };
    const struct xlate_def def =
        definition(rows, &magma__feg__purge_uerequest__descriptor, 321, true, XLATE_ENCODE);
    mistake(&def, "requires User-Name");
}

static void test_an_unknown_command_is_reported(void **state)
{
    static const struct xlate rows[] = {XLATE_END};
    const struct xlate_def def = definition(rows, ULA_TYPE, 399, true, XLATE_ENCODE);
    mistake(&def, "399");
}

// ---- conversions ----
// IDA and NOA fields of many types, read and written through one AVP each.

static struct xlate_value text(const char *value)
{
    return (struct xlate_value){
        .is_bytes = true, .data = (const uint8_t *)value, .len = strlen(value)};
}

static struct xlate_value octets(const char *hex)
{
    static uint8_t bytes[64];
    size_t len;
    assert_int_equal(base_hex_decode(hex, bytes, sizeof(bytes), &len), ERR_OK);
    return (struct xlate_value){.is_bytes = true, .data = bytes, .len = len};
}

static struct xlate_value number(int64_t value)
{
    return (struct xlate_value){.num = value};
}

static void gives(enum err (*function)(struct xlate_ctx *, const struct xlate *,
                                       const struct xlate_value *, struct xlate_value *),
                  const struct xlate *row, struct xlate_value in, const struct xlate_value *want)
{
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0)};
    struct xlate_value out = {.num = 0};
    enum err err = function(&ctx, row, &in, &out);
    assert_int_equal(err == ERR_OK, want != NULL);
    if (want) {
        assert_int_equal(out.is_bytes, want->is_bytes);
        assert_int_equal(out.num, want->num);
        assert_int_equal(out.len, want->len);
        if (want->len)
            assert_memory_equal(out.data, want->data, want->len);
    }
    base_arena_free(ctx.arena);
}

static void test_imsi(void **state)
{
    static const struct {
        const char *in, *out; // out NULL: refused
    } rows[] = {{"001010000000001", "001010000000001"},
                {"IMSI001010000000001", "001010000000001"},
                {"123456", "123456"},
                {"12345", NULL},
                {"1234567890123456", NULL},
                {"", NULL},
                {"00101000000000a", NULL},
                {"IMSI", NULL}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct xlate_value want = text(rows[i].out ? rows[i].out : "");
        gives(xlate_imsi.encode, NULL, text(rows[i].in), rows[i].out ? &want : NULL);
    }
    const struct xlate_value same = text("001010000000001");
    gives(xlate_imsi.decode, NULL, same, &same);
    gives(xlate_imsi.decode, NULL, text("IMSI001010000000001"), NULL); // a core does not say that
    gives(xlate_imsi.decode, NULL, text("12345"), NULL);
}

static void test_tbcd(void **state)
{
    const struct xlate_value digits = text("49123456789");
    const struct xlate_value tbcd = octets("9421436587f9");
    gives(xlate_tbcd.encode, NULL, digits, &tbcd);
    gives(xlate_tbcd.decode, NULL, tbcd, &digits);
    gives(xlate_tbcd.encode, NULL, text("49-123"), NULL);
    gives(xlate_tbcd.encode, NULL,
          text("01234567890123456789012345678901234567890123456789012345678901234"), NULL);
}

static void test_address(void **state)
{
    static const struct {
        const char *text, *octets;
    } rows[] = {{"192.0.2.1", "0001c0000201"},
                {"2001:db8::1", "000220010db8000000000000000000000001"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct xlate_value address = octets(rows[i].octets), spelled = text(rows[i].text);
        gives(xlate_address.encode, NULL, spelled, &address);
        gives(xlate_address.decode, NULL, address, &spelled);
    }
    gives(xlate_address.encode, NULL, text("nowhere"), NULL);
    gives(xlate_address.encode, NULL, text("192.0.2.1.192.0.2.1.192.0.2.1.192.0.2.1.192.0.2.1"),
          NULL);
    gives(xlate_address.decode, NULL, octets("0001c00002"), NULL);
    gives(xlate_address.decode, NULL, octets("0003c0000201"), NULL);
    gives(xlate_address.decode, NULL, octets("00"), NULL);
}

static void test_time(void **state)
{
    static const struct {
        int64_t unix_time;
        const char *octets;
    } rows[] = {
        {0, "83aa7e80"}, // 1970-01-01
        {1700000000, "e8fe6f80"},
        {2085978495, "ffffffff"}, // the last second of the first era
        {2085978496, "00000000"}, // 2036-02-07 06:28:16
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct xlate_value time = octets(rows[i].octets), seconds = number(rows[i].unix_time);
        gives(xlate_unix.encode, NULL, seconds, &time);
        gives(xlate_unix.decode, NULL, time, &seconds);
    }
    gives(xlate_unix.encode, NULL, number(INT64_MIN), NULL);
    gives(xlate_unix.encode, NULL, number(INT64_MAX), NULL);
    gives(xlate_unix.decode, NULL, octets("e8fe6f"), NULL);
}

static void test_bools(void **state)
{
    static const struct xlate bit27 = {.value = 27}, value7 = {.value = 7};
    const struct xlate_value yes = number(1), no = number(0), seven = number(7);
    gives(xlate_bit.decode, &bit27, number(1 << 27), &yes);
    gives(xlate_bit.decode, &bit27, number(~(1 << 27)), &no);
    gives(xlate_inverted.encode, NULL, yes, &no);
    gives(xlate_inverted.decode, NULL, no, &yes);
    gives(xlate_inverted.decode, NULL, seven, &no);
    gives(xlate_presence.encode, &value7, yes, &seven);
    gives(xlate_presence.decode, &value7, no, &yes); // whatever its value
}

// ---- decoding ----
static struct xlate_ctx ctx;

static int arena_new(void **state)
{
    memset(&ctx, 0, sizeof(ctx));
    ctx.arena = base_arena_new(0, 0);
    return 0;
}

static int arena_free(void **state)
{
    base_arena_free(ctx.arena);
    return 0;
}

static struct xlate_table *compiled(const struct xlate_def *def)
{
    struct xlate_table *table = NULL;
    reports[0] = '\0';
    if (xlate_compile(def, report, NULL, &table) != ERR_OK)
        print_error("%s", reports);
    assert_non_null(table);
    return table;
}

static struct msg *answer(uint32_t command)
{
    struct msg *msg = NULL;
    assert_int_equal(fd_msg_new(dia_dict_command(command, false), 0, &msg), 0);
    return msg;
}

static const struct xlate profile_rows[] = {
    {.field = "default_context_id", .avp = AVP_CONTEXT_IDENTIFIER, .flags = XLATE_REQUIRED},
    XLATE_END,
};
static const struct xlate data_rows[] = {
    {.field = "msisdn", .avp = AVP_MSISDN, .min = 2, .max = 4},
    {.field = "extras.rfsp_id",
     .avp = AVP_RAT_FREQUENCY_SELECTION_PRIORITY_ID,
     .min = 1,
     .max = 256},
    {.field = "default_charging_characteristics", .avp = AVP_3GPP_CHARGING_CHARACTERISTICS},
    {.avp = AVP_APN_CONFIGURATION_PROFILE, .members = profile_rows},
    XLATE_END,
};
static const struct xlate ula_rows[] = {
    {.field = "ula_flags", .avp = AVP_ULA_FLAGS, .flags = XLATE_REQUIRED},
    {.field = "error_diagnostic", .avp = AVP_ERROR_DIAGNOSTIC, .flags = XLATE_DEFAULT, .value = 3},
    {.avp = AVP_SUBSCRIPTION_DATA, .members = data_rows},
    {.field = "reset_ids", .avp = AVP_RESET_ID},
    XLATE_END,
};
typedef Magma__Feg__UpdateLocationAnswer ULA;

static enum err decode_with(const struct xlate *rows, struct msg *msg, const ULA **out)
{
    const struct xlate_def def = definition(rows, ULA_TYPE, 316, false, XLATE_DECODE);
    struct xlate_table *table = compiled(&def);
    ProtobufCMessage *into = NULL;
    enum err err = xlate_decode(table, msg, &ctx, &into);
    *out = (const ULA *)into;
    xlate_free(table);
    return err;
}

static enum err decode(struct msg *msg, const ULA **out)
{
    return decode_with(ula_rows, msg, out);
}

static void test_absent_avps(void **state)
{
    const ULA *ula;
    char where[100];
    struct msg *msg = answer(316);
    assert_int_equal(decode(msg, &ula), ERR_DECODE_MISSING);
    assert_string_equal(xlate_where(&ctx, where, sizeof(where)), "ULA-Flags");
    assert_null(ctx.failed);
    dia_add_u32(msg, AVP_ULA_FLAGS, 0);
    assert_int_equal(decode(msg, &ula), ERR_OK);
    assert_int_equal(ula->ula_flags_present_case,
                     MAGMA__FEG__UPDATE_LOCATION_ANSWER__ULA_FLAGS_PRESENT_ULA_FLAGS);
    assert_int_equal(ula->error_diagnostic, 3); // the default
    assert_null(ula->extras);                   // nothing needed it
    assert_int_equal(ula->msisdn.len, 0);
    fd_msg_free(msg);
}

static void test_of_duplicates_the_first_counts(void **state)
{
    const ULA *ula;
    struct msg *msg = answer(316);
    for (uint32_t i = 1; i <= 3; i++) {
        dia_add_u32(msg, AVP_ULA_FLAGS, i);
        dia_add_bytes(msg, AVP_RESET_ID, &i, 1);
    }
    assert_int_equal(decode(msg, &ula), ERR_OK);
    assert_int_equal(ula->ula_flags, 1);
    assert_int_equal(ctx.duplicates, 2);
    assert_int_equal(ula->n_reset_ids, 3); // a list has no duplicates
    fd_msg_free(msg);
}

static struct msg *with_msisdn(size_t len, struct avp **data)
{
    struct msg *msg = answer(316);
    dia_add_u32(msg, AVP_ULA_FLAGS, 1);
    assert_int_equal(dia_add_group(msg, AVP_SUBSCRIPTION_DATA, data), ERR_OK);
    dia_add_bytes(*data, AVP_MSISDN, "\x11\x22\x33\x44\x55", len);
    return msg;
}

static void test_bounds(void **state)
{
    for (size_t len = 0; len <= 5; len++) {
        const ULA *ula;
        struct avp *data;
        char where[100];
        struct msg *msg = with_msisdn(len, &data);
        bool good = len >= 2 && len <= 4;
        ctx.lenient = false;
        assert_int_equal(decode(msg, &ula), good ? ERR_OK : ERR_DECODE_LENGTH);
        if (!good) {
            assert_string_equal(xlate_where(&ctx, where, sizeof(where)),
                                "Subscription-Data.MSISDN");
            assert_true(dia_avp_ident(ctx.failed) == AVP_MSISDN);
        }
        ctx.lenient = true;
        assert_int_equal(decode(msg, &ula), ERR_OK);
        assert_int_equal(ula->msisdn.len, good ? len : 0);
        assert_int_equal(ctx.dropped, good ? 0 : 1);
        fd_msg_free(msg);
    }
}

static void test_number_bounds(void **state)
{
    static const struct {
        uint32_t value;
        bool good;
    } rows[] = {{0, false}, {1, true}, {256, true}, {257, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const ULA *ula;
        struct avp *data;
        struct msg *msg = with_msisdn(2, &data);
        dia_add_u32(data, AVP_RAT_FREQUENCY_SELECTION_PRIORITY_ID, rows[i].value);
        assert_int_equal(decode(msg, &ula), rows[i].good ? ERR_OK : ERR_DECODE_VALUE);
        fd_msg_free(msg);
    }
}

// proto3 strings are UTF-8: a gateway's parser refuses anything else.
static void test_text_that_is_none_does_not_reach_gateways(void **state)
{
    static const char *const texts[] = {"0\xff",
                                        "a\x00"
                                        "b",
                                        "a\nb", "\xc3"};
    static const size_t lens[] = {2, 3, 3, 1};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const ULA *ula;
        struct avp *data;
        struct msg *msg = with_msisdn(2, &data);
        dia_add_bytes(data, AVP_3GPP_CHARGING_CHARACTERISTICS, texts[i], lens[i]);
        ctx.lenient = false;
        assert_int_equal(decode(msg, &ula), ERR_DECODE_VALUE);
        ctx.lenient = true;
        assert_int_equal(decode(msg, &ula), ERR_OK);
        assert_string_equal(ula->default_charging_characteristics, "");
        fd_msg_free(msg);
    }
}

static void test_a_group_without_its_required_member_is_dropped_or_refused(void **state)
{
    const ULA *ula;
    struct avp *data, *profile;
    char where[200];
    struct msg *msg = with_msisdn(2, &data);
    assert_int_equal(dia_add_group(data, AVP_APN_CONFIGURATION_PROFILE, &profile), ERR_OK);
    assert_int_equal(decode(msg, &ula), ERR_DECODE_MISSING);
    assert_string_equal(xlate_where(&ctx, where, sizeof(where)),
                        "Subscription-Data.APN-Configuration-Profile.Context-Identifier");
    ctx.lenient = true;
    assert_int_equal(decode(msg, &ula), ERR_OK);
    assert_int_equal(ctx.dropped, 1);
    assert_true(ctx.dropped_avp == AVP_CONTEXT_IDENTIFIER);
    assert_int_equal(ctx.depth, 0);
    fd_msg_free(msg);
}

// A member that says what a group is about: without it the rest would be about something else.
static void test_a_group_whose_key_cannot_be_read_is_dropped_or_refused(void **state)
{
    static const struct xlate keyed_profile_rows[] = {
        {.field = "error_diagnostic", .avp = AVP_CONTEXT_IDENTIFIER, .flags = XLATE_KEY, .max = 9},
        XLATE_END,
    };
    static const struct xlate keyed_data_rows[] = {
        {.avp = AVP_APN_CONFIGURATION_PROFILE, .members = keyed_profile_rows},
        {.field = "msisdn", .avp = AVP_MSISDN},
        XLATE_END,
    };
    static const struct xlate keyed_rows[] = {
        {.field = "ula_flags", .avp = AVP_ULA_FLAGS, .flags = XLATE_REQUIRED},
        {.avp = AVP_SUBSCRIPTION_DATA, .members = keyed_data_rows},
        XLATE_END,
    };
    for (uint32_t key = 8; key <= 11; key++) { // 11: not there
        const ULA *ula;
        struct avp *data, *profile;
        struct msg *msg = with_msisdn(2, &data);
        assert_int_equal(dia_add_group(data, AVP_APN_CONFIGURATION_PROFILE, &profile), ERR_OK);
        if (key <= 10)
            dia_add_u32(profile, AVP_CONTEXT_IDENTIFIER, key);
        bool good = key != 10;
        ctx.lenient = false;
        assert_int_equal(decode_with(keyed_rows, msg, &ula), good ? ERR_OK : ERR_DECODE_VALUE);
        ctx.lenient = true;
        assert_int_equal(decode_with(keyed_rows, msg, &ula), ERR_OK);
        assert_int_equal(ctx.dropped, good ? 0 : 1);
        assert_int_equal(ula->error_diagnostic, key <= 9 ? key : 0);
        assert_int_equal(ula->msisdn.len, 2); // the group around it goes on
        fd_msg_free(msg);
    }
}

static void test_messages_with_many_avps(void **state)
{
    const ULA *ula;
    struct msg *msg = answer(316);
    for (uint32_t i = 0; i < 500; i++)
        dia_add_bytes(msg, AVP_RESET_ID, &i, 4);
    dia_add_u32(msg, AVP_ULA_FLAGS, 9);
    assert_int_equal(decode(msg, &ula), ERR_OK);
    assert_int_equal(ula->n_reset_ids, 500);
    assert_int_equal(ula->reset_ids[499].data[1], 499 >> 8);
    assert_int_equal(ula->ula_flags, 9);
    fd_msg_free(msg);
}

static void test_memory_has_a_limit(void **state)
{
    const ULA *ula;
    struct msg *msg = answer(316);
    dia_add_u32(msg, AVP_ULA_FLAGS, 9);
    for (uint32_t i = 0; i < 500; i++)
        dia_add_bytes(msg, AVP_RESET_ID, &i, 4);
    base_arena_free(ctx.arena);
    ctx.arena = base_arena_new(0, 2048);
    ctx.lenient = true; // want of memory is not the peer's fault: never forgiven
    assert_int_equal(decode(msg, &ula), ERR_NOMEM);
    assert_null(ula);
    fd_msg_free(msg);
}

// ---- Failed-AVP ----
static void test_failed_avp_shows_what_is_missing_inside_its_groups(void **state)
{
    const ULA *ula;
    struct avp *data, *profile;
    const uint8_t *bytes;
    size_t len;
    struct msg *msg = with_msisdn(2, &data), *reply = answer(316);
    assert_int_equal(dia_add_group(data, AVP_APN_CONFIGURATION_PROFILE, &profile), ERR_OK);
    assert_int_equal(decode(msg, &ula), ERR_DECODE_MISSING);
    assert_int_equal(xlate_add_failed(reply, &ctx), ERR_OK);
    struct avp *failed = dia_find(reply, AVP_FAILED_AVP);
    struct avp *outer = dia_find(failed, AVP_SUBSCRIPTION_DATA);
    struct avp *inner = dia_find(outer, AVP_APN_CONFIGURATION_PROFILE);
    assert_non_null(dia_find(inner, AVP_CONTEXT_IDENTIFIER));
    fd_msg_free(msg);
    fd_msg_free(reply);

    msg = with_msisdn(5, &data);
    reply = answer(316);
    assert_int_equal(decode(msg, &ula), ERR_DECODE_LENGTH);
    assert_int_equal(xlate_add_failed(reply, &ctx), ERR_OK);
    outer = dia_find(dia_find(reply, AVP_FAILED_AVP), AVP_SUBSCRIPTION_DATA);
    assert_int_equal(dia_get_bytes(outer, AVP_MSISDN, &bytes, &len), ERR_OK); // the offending value
    assert_int_equal(len, 5);
    fd_msg_free(msg);
    fd_msg_free(reply);
}

// ---- encoding ----
static const struct xlate features_rows[] = {
    {.avp = AVP_VENDOR_ID, .flags = XLATE_CONST, .value = 10415},
    {.avp = AVP_FEATURE_LIST_ID, .flags = XLATE_CONST | XLATE_MATCH, .value = 2},
    {.field = "feature_list_id_2.nr_as_secondary_rat",
     .avp = AVP_FEATURE_LIST,
     .conv = &xlate_bit,
     .flags = XLATE_ALWAYS,
     .value = 27},
    XLATE_END,
};
static const struct xlate ulr_rows[] = {
    {.field = "user_name", .avp = AVP_USER_NAME, .flags = XLATE_REQUIRED},
    {.avp = AVP_SUPPORTED_FEATURES, .members = features_rows},
    {.field = "rat_type", .avp = AVP_RAT_TYPE, .flags = XLATE_DEFAULT, .value = 1004},
    {.avp = AVP_ULR_FLAGS, .conv = &xlate_bit, .flags = XLATE_CONST, .value = 1},
    {.field = "initial_attach",
     .avp = AVP_ULR_FLAGS,
     .conv = &xlate_bit,
     .flags = XLATE_ALWAYS,
     .value = 5},
    {.field = "visited_plmn",
     .avp = AVP_VISITED_PLMN_ID,
     .flags = XLATE_REQUIRED,
     .min = 3,
     .max = 3},
    {.field = "sms_register_request", .avp = AVP_SMS_REGISTER_REQUEST},
    {.field = "sgs_mme_identity", .avp = AVP_SGS_MME_IDENTITY},
    XLATE_END,
};

static enum err encode(const Magma__Feg__UpdateLocationRequest *ulr, struct msg **msg)
{
    const struct xlate_def def = definition(
        ulr_rows, &magma__feg__update_location_request__descriptor, 316, true, XLATE_ENCODE);
    struct xlate_table *table = compiled(&def);
    assert_int_equal(dia_request_new(DIA_APP_S6A, 316, msg), ERR_OK);
    enum err err = xlate_encode(table, &ulr->base, *msg, &ctx);
    xlate_free(table);
    return err;
}

static void test_unset_fields_are_not_sent(void **state)
{
    Magma__Feg__UpdateLocationRequest ulr = MAGMA__FEG__UPDATE_LOCATION_REQUEST__INIT;
    Magma__Feg__FeatureListId2 features = MAGMA__FEG__FEATURE_LIST_ID2__INIT;
    struct msg *msg;
    uint32_t value = 0;
    ulr.user_name = TEXT("001010000000001");
    ulr.visited_plmn = (ProtobufCBinaryData)BYTES("\x00\xf1\x10");
    ulr.feature_list_id_2 = &features; // there, but says nothing
    assert_int_equal(encode(&ulr, &msg), ERR_OK);
    assert_null(dia_find(msg, AVP_SUPPORTED_FEATURES));
    assert_null(dia_find(msg, AVP_SMS_REGISTER_REQUEST));
    assert_null(dia_find(msg, AVP_SGS_MME_IDENTITY));
    assert_int_equal(dia_get_u32(msg, AVP_ULR_FLAGS, &value), ERR_OK);
    assert_int_equal(value, 2); // one AVP with the constant bit
    assert_null(dia_find_next(dia_find(msg, AVP_ULR_FLAGS), AVP_ULR_FLAGS));
    assert_int_equal(dia_get_u32(msg, AVP_RAT_TYPE, &value), ERR_OK);
    assert_int_equal(value, 1004);
    fd_msg_free(msg);
}

static void test_set_fields_are_sent_even_if_zero(void **state)
{
    Magma__Feg__UpdateLocationRequest ulr = MAGMA__FEG__UPDATE_LOCATION_REQUEST__INIT;
    Magma__Feg__FeatureListId2 features = MAGMA__FEG__FEATURE_LIST_ID2__INIT;
    struct msg *msg;
    uint32_t value = 1;
    ulr.user_name = TEXT("001010000000001");
    ulr.visited_plmn = (ProtobufCBinaryData)BYTES("\x00\xf1\x10");
    features.nr_as_secondary_rat = 1;
    ulr.feature_list_id_2 = &features;
    ulr.initial_attach = 1;
    ulr.sms_register_present_case =
        MAGMA__FEG__UPDATE_LOCATION_REQUEST__SMS_REGISTER_PRESENT_SMS_REGISTER_REQUEST;
    assert_int_equal(encode(&ulr, &msg), ERR_OK);
    struct avp *group = dia_find(msg, AVP_SUPPORTED_FEATURES);
    assert_int_equal(dia_get_u32(group, AVP_FEATURE_LIST, &value), ERR_OK);
    assert_int_equal(value, 1u << 27);
    assert_int_equal(dia_get_u32(group, AVP_FEATURE_LIST_ID, &value), ERR_OK);
    assert_int_equal(value, 2);
    assert_int_equal(dia_get_u32(msg, AVP_ULR_FLAGS, &value), ERR_OK);
    assert_int_equal(value, 2 | 32);
    assert_int_equal(dia_get_u32(msg, AVP_SMS_REGISTER_REQUEST, &value), ERR_OK);
    assert_int_equal(value, 0);
    fd_msg_free(msg);
}

static void test_required_fields_that_are_unset_are_refused(void **state)
{
    Magma__Feg__UpdateLocationRequest ulr = MAGMA__FEG__UPDATE_LOCATION_REQUEST__INIT;
    struct msg *msg;
    char where[100];
    ulr.user_name = TEXT("001010000000001");
    assert_int_equal(encode(&ulr, &msg), ERR_ENCODE_VALUE);
    assert_string_equal(xlate_where(&ctx, where, sizeof(where)), "Visited-PLMN-Id");
    fd_msg_free(msg);
    ulr.visited_plmn = (ProtobufCBinaryData)BYTES("\x00\xf1\x10\x00");
    assert_int_equal(encode(&ulr, &msg), ERR_ENCODE_VALUE);
    fd_msg_free(msg);
}

#define T(test) cmocka_unit_test_setup_teardown(test, arena_new, arena_free)
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes_in_tables_are_reported),
        cmocka_unit_test(test_every_mistake_is_reported),
        cmocka_unit_test(test_required_avps_need_a_row_that_makes_sure_of_them),
        cmocka_unit_test(test_an_unknown_command_is_reported),
        cmocka_unit_test(test_imsi),
        cmocka_unit_test(test_tbcd),
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_bools),
        T(test_absent_avps),
        T(test_of_duplicates_the_first_counts),
        T(test_bounds),
        T(test_number_bounds),
        T(test_text_that_is_none_does_not_reach_gateways),
        T(test_a_group_without_its_required_member_is_dropped_or_refused),
        T(test_a_group_whose_key_cannot_be_read_is_dropped_or_refused),
        T(test_messages_with_many_avps),
        T(test_memory_has_a_limit),
        T(test_failed_avp_shows_what_is_missing_inside_its_groups),
        T(test_unset_fields_are_not_sent),
        T(test_set_fields_are_sent_even_if_zero),
        T(test_required_fields_that_are_unset_are_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
