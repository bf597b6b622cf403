// SPDX-License-Identifier: BSD-3-Clause
// CSV import and generated ranges.
#include "hss_test.h"

#include "hss_csv.h"

struct fixture {
    char path[128];
    struct aka_gen *gen;
    struct hss_store *store;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    snprintf(f->path, sizeof f->path, "%s", test_scratch());
    f->gen = test_gen();
    assert_int_equal(hss_store_open(f->path, &f->store), ERR_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    hss_store_close(f->store);
    aka_gen_free(f->gen);
    test_scratch_remove(f->path);
    free(f);
    return 0;
}

struct refusals {
    size_t n, lines[16];
};

static void note(void *ctx, size_t line, const char *why)
{
    struct refusals *r = ctx;

    assert_non_null(why);
    if (r->n < 16)
        r->lines[r->n++] = line;
}

static enum err import(struct fixture *f, const char *text, struct hss_csv_report *report,
                       struct refusals *refusals)
{
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    enum err err;

    assert_non_null(in);
    memset(refusals, 0, sizeof *refusals);
    *report = (struct hss_csv_report){.refuse = note, .ctx = refusals};
    err = hss_csv_import(in, f->store, f->gen, report);
    fclose(in);
    return err;
}

#define KEYS TEST_K "," TEST_OPC

static void test_import(void **state)
{
    // given a file with quotes, empty columns, comments, CR LF and no final line end, when
    // imported, then every subscriber is stored with what was given and usual values elsewhere
    struct fixture *f = *state;
    struct hss_csv_report report;
    struct refusals refusals;
    struct hss_profile *p = NULL;

    assert_int_equal(import(f,
                            "# test subscribers\r\n"
                            "imsi,msisdn,k,opc,apns,odb\r\n"
                            "001010000000001,4917001," KEYS ",\"internet,qci=8;ims,qci=5\",\r\n"
                            "\r\n"
                            "# another\r\n"
                            "001010000000002,," KEYS ",\"\"\"odd\"\"\",7",
                            &report, &refusals),
                     ERR_OK);
    assert_int_equal(report.stored, 2);
    assert_int_equal(report.refused, 0);
    assert_int_equal(hss_store_get(f->store, f->gen, "001010000000001", &p, NULL), ERR_OK);
    assert_string_equal(p->msisdn, "4917001");
    assert_int_equal(p->n_apns, 2);
    assert_int_equal(p->apns[0].qci, 8);
    assert_int_equal(p->odb, 0);
    hss_profile_unref(p);
    assert_int_equal(hss_store_get(f->store, f->gen, "001010000000002", &p, NULL), ERR_OK);
    assert_string_equal(p->apns[0].name, "\"odd\"");
    assert_int_equal(p->odb, 7);
    hss_profile_unref(p);
}

static void test_bad_lines_are_left_out(void **state)
{
    // given good and bad lines, when imported, then the good ones are stored and each bad one is
    // told with its line number
    struct fixture *f = *state;
    struct hss_csv_report report;
    struct refusals r;

    assert_int_equal(import(f,
                            "imsi,k,opc\n"
                            "001010000000001," KEYS "\n"
                            "00101x," KEYS "\n"                 // line 3: imsi
                            "001010000000002,00," TEST_OPC "\n" // line 4: key
                            "001010000000003," TEST_K "\n"      // line 5: columns
                            ",," TEST_OPC "\n"                  // line 6: nothing there
                            "001010000000004," KEYS "\n"
                            "001010000000005,\"" TEST_K,        // line 8: open quote
                            &report, &r),
                     ERR_OK);
    assert_int_equal(report.stored, 2);
    assert_int_equal(report.refused, 5);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(r.lines[i], 3 + i);
    assert_int_equal(r.lines[4], 8);
}

static void test_bad_header(void **state)
{
    struct fixture *f = *state;
    static const char *const files[] = {"\n", "imsi,colour\n001010000000001,red\n", "k,opc\n" KEYS,
                                        "# only a comment\n"};
    struct hss_csv_report report;
    struct refusals r;

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        assert_int_equal(import(f, files[i], &report, &r), ERR_DECODE_SYNTAX);
        assert_int_equal(report.refused, 1);
    }
}

static void test_long_line(void **state)
{
    // given a line longer than any subscriber, when imported, then it is refused and the next is
    // read
    struct fixture *f = *state;
    char *text = malloc(100000);
    struct hss_csv_report report;
    struct refusals r;

    snprintf(text, 100000, "imsi,k,opc\n%050000d\n001010000000001," KEYS "\n", 7);
    assert_int_equal(import(f, text, &report, &r), ERR_OK);
    assert_int_equal(report.stored, 1);
    assert_int_equal(report.refused, 1);
    free(text);
}

static void test_generate(void **state)
{
    // given 2,500 asked, when generated, then IMSI and MSISDN count up together
    struct fixture *f = *state;
    struct hss_profile *first = TEST_PROFILE("imsi=001010000000999", "msisdn=49170000999");
    struct hss_profile *p = NULL;
    size_t n;

    assert_int_equal(hss_generate(f->store, first, 2500), ERR_OK);
    hss_profile_unref(first);
    assert_int_equal(hss_store_count(f->store, &n), ERR_OK);
    assert_int_equal(n, 2500);
    assert_int_equal(hss_store_get(f->store, f->gen, "001010000003498", &p, NULL), ERR_OK);
    assert_string_equal(p->msisdn, "49170003498");
    hss_profile_unref(p);
}

static void test_digits_add(void **state)
{
    char digits[16] = "001019999999998", all_nines[] = "99";

    assert_int_equal(hss_digits_add(digits, 3), ERR_OK);
    assert_string_equal(digits, "001020000000001");
    assert_int_equal(hss_digits_add(all_nines, 1), ERR_RANGE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_import),    TEST(test_bad_lines_are_left_out), TEST(test_bad_header),
        TEST(test_long_line), TEST(test_generate),               TEST(test_digits_add),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
