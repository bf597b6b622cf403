// SPDX-License-Identifier: BSD-3-Clause
// Subscriber fields as text: what goes in comes out, nonsense is refused.
#include "hss_test.h"

static void test_every_field_survives_a_round_trip(void **state)
{
    // given values other than the usual ones in every field, when read as text and set again, then
    // the second profile has the same texts
    static const char *const values[] = {
        "alg=tuak", "k=" TEST_K TEST_K, "opc=" TEST_OPC TEST_OPC, "amf=9001", "res_len=16",
        "keccak=2", "gsm_sim=yes", "eps=no", "status=barred", "odb=5", "hplmn_odb=0x3", "nam=both",
        "access_restriction=0x30", "core_restriction=2", "roaming=24007 310410", "zones=0102 fffe",
        "charging=0800", "apn_oi=mnc001.mcc001.gprs", "rau_tau_timer=3600", "rfsp=7",
        "ue_usage_type=42", "ics=yes", "sms_in_mme=yes", "ambr_ul=5G", "ambr_dl=64k",
        "apns=internet,ctx=3,pdn=ipv4,qci=5,arp=1,pci=yes,pvi=no,ul=1M,dl=2M,cc=0100,ip=10.0.0.1;"
        "ims,ctx=9,vplmn=yes,ip=2001:db8::1", "default_apn=9", NULL,
    };
    struct hss_profile *a = test_profile(values), *b = hss_profile_new();

    assert_non_null(b);
    for (size_t i = 0; i < hss_n_fields; i++) {
        const struct hss_field *f = &hss_fields[i];
        char first[HSS_FIELD_TEXT_MAX];

        if (f->input_only)
            continue;
        snprintf(first, sizeof first, "%s", test_text(a, f->name));
        assert_int_equal(hss_field_set(b, f->name, first, NULL), ERR_OK);
        assert_string_equal(test_text(b, f->name), first);
    }
    assert_string_equal(test_text(b, "apns"),
                        "internet,ctx=3,pdn=ipv4,qci=5,arp=1,pci=yes,pvi=no,ul=1M,dl=2M,cc=0100,"
                        "ip=10.0.0.1;ims,ctx=9,pdn=ipv4v6,qci=9,arp=8,pci=no,pvi=yes,ul=50M,"
                        "dl=150M,vplmn=yes,ip=2001:db8::1");
    assert_memory_equal(&b->cred, &a->cred, sizeof a->cred);
    hss_profile_unref(a);
    hss_profile_unref(b);
}

static void test_refused(void **state)
{
    // given a value that does not fit its field, when set, then it is refused
    static const struct {
        const char *assignment;
        enum err err;
    } cases[] = {
        {"colour=red", ERR_NOT_FOUND},         {"imsi", ERR_INVALID},
        {"imsi=00101x", ERR_INVALID},          {"imsi=0010100000000012", ERR_INVALID},
        {"k=0011", ERR_INVALID},               {"k=zz", ERR_INVALID},
        {"opc=" TEST_OPC "00", ERR_INVALID},   {"alg=comp128", ERR_INVALID},
        {"amf=80", ERR_INVALID},               {"status=maybe", ERR_INVALID},
        {"odb=-1", ERR_INVALID},               {"odb=4294967296", ERR_RANGE},
        {"ambr_ul=5T", ERR_INVALID},           {"ambr_ul=5000G", ERR_RANGE},
        {"ambr_ul=", ERR_INVALID},             {"charging=08", ERR_INVALID},
        {"zones=01", ERR_INVALID},             {"roaming=1", ERR_INVALID},
        {"zones=1111 2222 3333 4444 5555 6666 7777 8888 9999 aaaa bbbb", ERR_FULL},
        {"apns=internet,qci=0", ERR_RANGE},    {"apns=internet,arp=16", ERR_RANGE},
        {"apns=qci=9", ERR_INVALID},           {"apns=a,pdn=ipx", ERR_INVALID},
        {"apns=a,ip=10.0.0", ERR_INVALID},     {"apns=a,b", ERR_INVALID},
        {"apns=a,zzz=1", ERR_INVALID},         {"gsm_sim=perhaps", ERR_INVALID},
        {"keccak=256", ERR_RANGE},             {"nam=circuit", ERR_INVALID},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hss_profile *p = hss_profile_new();

        assert_int_equal(hss_field_assign(p, cases[i].assignment, NULL), cases[i].err);
        hss_profile_unref(p);
    }
}

static void test_finish(void **state)
{
    // given profiles that lack something, when finished, then the reason is told
    static const struct {
        const char *assignments[4];
        bool ok;
    } cases[] = {
        {{"imsi=" TEST_IMSI, "k=" TEST_K, "opc=" TEST_OPC}, true},
        {{"imsi=" TEST_IMSI, "k=" TEST_K, "op=" TEST_OPC}, true},
        {{"k=" TEST_K, "opc=" TEST_OPC}, false},
        {{"imsi=" TEST_IMSI, "opc=" TEST_OPC}, false},
        {{"imsi=" TEST_IMSI, "k=" TEST_K}, false},
        {{"imsi=" TEST_IMSI, "k=" TEST_K TEST_K, "opc=" TEST_OPC}, false},
        {{"imsi=" TEST_IMSI, "k=" TEST_K, "op=" TEST_OPC TEST_OPC}, false},
        {{"imsi=" TEST_IMSI, "k=" TEST_K, "opc=" TEST_OPC, "apns=a,ctx=1;b,ctx=1"}, false},
    };
    struct aka_gen *gen = test_gen();

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hss_profile *p = hss_profile_new();
        const char *why = NULL;
        enum err err;

        for (size_t j = 0; j < 4 && cases[i].assignments[j]; j++)
            assert_int_equal(hss_field_assign(p, cases[i].assignments[j], NULL), ERR_OK);
        err = hss_profile_finish(p, gen, &why);
        assert_int_equal(err == ERR_OK, cases[i].ok);
        assert_int_equal(why == NULL, cases[i].ok);
        hss_profile_unref(p);
    }
    aka_gen_free(gen);
}

static void test_op_becomes_opc(void **state)
{
    // given the OP of TS 35.208 set 1, when finished, then the stored OPc is the one of the set
    struct hss_profile *p = hss_profile_new();
    struct aka_gen *gen = test_gen();
    const uint8_t zeros[32] = {0};
    const char *why = NULL;

    hss_field_assign(p, "imsi=" TEST_IMSI, NULL);
    hss_field_assign(p, "k=465b5ce8b199b49faa5f0a2ee238a6bc", NULL);
    hss_field_assign(p, "op=cdc202d5123e20f62b6d676ac72cb318", NULL);
    assert_int_equal(hss_profile_finish(p, gen, &why), ERR_OK);
    assert_string_equal(test_text(p, "opc"), "cd63cb71954a9f4e48a5994e37a02baf");
    assert_memory_equal(p->op, zeros, sizeof p->op);
    hss_profile_unref(p);
    aka_gen_free(gen);
}

static void test_contexts_are_numbered(void **state)
{
    // given APNs without context identifiers beside one with, when finished, then each has its own
    // and the default is one of them; dropping the default makes another one the default
    struct hss_profile *p = TEST_PROFILE("apns=a;b,ctx=1;c");
    struct aka_gen *gen = test_gen();
    const char *why = NULL;

    assert_int_equal(p->apns[0].context_id, 2);
    assert_int_equal(p->apns[1].context_id, 1);
    assert_int_equal(p->apns[2].context_id, 3);
    assert_int_equal(p->default_context, 2);
    assert_true(hss_profile_drop_apn(p, 2));
    assert_false(hss_profile_drop_apn(p, 2));
    assert_int_equal(hss_profile_finish(p, gen, &why), ERR_OK);
    assert_int_equal(p->default_context, 1);
    hss_profile_unref(p);
    aka_gen_free(gen);
}

static void test_parts(void **state)
{
    // given changed fields, when assigned, then the parts of Subscription-Data they are in are told
    struct hss_profile *p = hss_profile_new();
    unsigned part = 0;

    hss_field_assign(p, "ambr_ul=1M", &part);
    hss_field_assign(p, "ambr_dl=1M", &part);
    hss_field_assign(p, "zones=0001", &part);
    assert_int_equal(part, HSS_PART_AMBR | HSS_PART_ZONES);
    hss_profile_unref(p);
}

static void test_copy_is_private(void **state)
{
    struct hss_profile *a = TEST_PROFILE("apns=a;b"), *b = hss_profile_copy(a);

    assert_int_equal(hss_field_assign(b, "apns=x", NULL), ERR_OK);
    assert_int_equal(a->n_apns, 2);
    assert_string_equal(a->apns[0].name, "a");
    hss_profile_unref(b);
    hss_profile_unref(a);
}

static void test_table(void **state)
{
    // every field has a name of its own, help, a setter, and a getter unless it is input only
    for (size_t i = 0; i < hss_n_fields; i++) {
        assert_ptr_equal(hss_field_find(hss_fields[i].name), &hss_fields[i]);
        assert_non_null(hss_fields[i].help);
        assert_non_null(hss_fields[i].set);
        assert_true(hss_fields[i].input_only || hss_fields[i].get);
    }
    assert_true(hss_field_find("k")->secret);
    assert_true(hss_field_find("op")->secret);
    assert_true(hss_field_find("opc")->secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field_survives_a_round_trip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_finish),
        cmocka_unit_test(test_op_becomes_opc),
        cmocka_unit_test(test_contexts_are_numbered),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_copy_is_private),
        cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
