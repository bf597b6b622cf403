// SPDX-License-Identifier: BSD-3-Clause
// IPFilterRule, RFC 6733 4.3.1: every form of the grammar, and what is none.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "extensions/gx_gy/ipfilter.h"

// A filter as one line, so that a case is a pair of texts.
static const char *summary(const struct ipfilter *f)
{
    static char text[512];
    int n = snprintf(text, sizeof(text), "%s %s %d", f->permit ? "permit" : "deny",
                     f->out ? "out" : "in", f->any_proto ? -1 : f->proto);
    const struct ipfilter_side *sides[] = {&f->src, &f->dst};
    for (int i = 0; i < 2; i++) {
        char address[64] = "any";
        if (sides[i]->kind == IPFILTER_ASSIGNED)
            snprintf(address, sizeof(address), "assigned");
        if (sides[i]->kind == IPFILTER_ADDRESS)
            ipfilter_address_text(sides[i], address, sizeof(address));
        n += snprintf(text + n, sizeof(text) - (size_t)n, " | %s%s", sides[i]->negated ? "!" : "",
                      address);
        for (size_t k = 0; k < sides[i]->n_ports; k++)
            n += snprintf(text + n, sizeof(text) - (size_t)n, " %u-%u", sides[i]->ports[k].first,
                          sides[i]->ports[k].last);
    }
    if (f->has_options)
        snprintf(text + n, sizeof(text) - (size_t)n, " | options");
    return text;
}

static void test_the_grammar(void **state)
{
    static const struct {
        const char *rule, *means;
    } cases[] = {
        {"permit out ip from any to any", "permit out -1 | any | any"},
        {"permit in ip from assigned to any", "permit in -1 | assigned | any"},
        {"deny out 17 from 192.0.2.1 53 to assigned", "deny out 17 | 192.0.2.1 53-53 | assigned"},
        {"permit out tcp from 192.0.2.77/24 80,443,8000-8010 to any 1024-65535",
         "permit out 6 | 192.0.2.0/24 80-80 443-443 8000-8010 | any 1024-65535"},
        {"permit out 6 from 2001:db8::1/33 to 2001:db8::/128 22",
         "permit out 6 | 2001:db8::/33 | 2001:db8:: 22-22"},
        {"permit out ip from 0.0.0.0/0 to any", "permit out -1 | 0.0.0.0/0 | any"},
        {"permit out ip from 10.0.0.0/255.0.0.0 to any", "permit out -1 | 10.0.0.0/8 | any"},
        {"permit out ip from !192.0.2.1 to any", "permit out -1 | !192.0.2.1 | any"},
        {"permit out ip from ! 192.0.2.1 to any", "permit out -1 | !192.0.2.1 | any"},
        {"permit  out\tip  from any to  any ", "permit out -1 | any | any"},
        {"PERMIT OUT IP FROM ANY TO ANY", "permit out -1 | any | any"},
        {"permit out 6 from any to any established", "permit out 6 | any | any | options"},
        {"permit out 6 from any to any 80 tcpflags syn,!ack frag",
         "permit out 6 | any | any 80-80 | options"},
        {"permit out 1 from any to any icmptypes 0,8", "permit out 1 | any | any | options"},
        {"permit out 255 from any 0 to any 65535", "permit out 255 | any 0-0 | any 65535-65535"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ipfilter f;
        assert_int_equal(ipfilter_parse(cases[i].rule, strlen(cases[i].rule), &f), ERR_OK);
        assert_string_equal(summary(&f), cases[i].means);
    }
}

static void test_what_is_no_rule_is_refused(void **state)
{
    static const struct {
        const char *rule;
        enum err err;
    } cases[] = {
        {"", ERR_DECODE_SYNTAX},
        {"permit", ERR_DECODE_SYNTAX},
        {"allow out ip from any to any", ERR_DECODE_SYNTAX},
        {"permit up ip from any to any", ERR_DECODE_SYNTAX},
        {"permit out from any to any", ERR_DECODE_SYNTAX},
        {"permit out 256 from any to any", ERR_DECODE_VALUE},
        {"permit out ip to any from any", ERR_DECODE_SYNTAX},
        {"permit out ip from any", ERR_DECODE_SYNTAX},
        {"permit out ip from any to", ERR_DECODE_SYNTAX},
        {"permit out ip from 192.0.2.300 to any", ERR_DECODE_SYNTAX},
        {"permit out ip from 192.0.2.1/33 to any", ERR_DECODE_VALUE},
        {"permit out ip from 192.0.2.1/ to any", ERR_DECODE_SYNTAX},
        {"permit out ip from 192.0.2.1/255.0.255.0 to any", ERR_DECODE_VALUE},
        {"permit out ip from 2001:db8::/129 to any", ERR_DECODE_VALUE},
        {"permit out ip from 192.0.2.1 to 2001:db8::1", ERR_DECODE_VALUE},
        {"permit out 6 from any 65536 to any", ERR_DECODE_VALUE},
        {"permit out 6 from any 90-80 to any", ERR_DECODE_VALUE},
        {"permit out 6 from any 80, to any", ERR_DECODE_SYNTAX},
        {"permit out 6 from any 80- to any", ERR_DECODE_SYNTAX},
        {"permit out 6 from any to any 80 81", ERR_DECODE_SYNTAX},
        {"permit out 6 from any to any tcpflags", ERR_DECODE_SYNTAX},
        {"permit out 6 from any 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17 to any",
         ERR_DECODE_LENGTH},
        {"permit out ip from any\x01 to any", ERR_DECODE_SYNTAX},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ipfilter f;
        assert_int_equal(ipfilter_parse(cases[i].rule, strlen(cases[i].rule), &f), cases[i].err);
    }
}

static void test_lengths_are_bounded(void **state)
{
    static char text[IPFILTER_TEXT + 2];
    struct ipfilter f;
    memset(text, 'a', sizeof(text));
    assert_int_equal(ipfilter_parse(text, IPFILTER_TEXT, &f), ERR_DECODE_LENGTH); // one word
    memset(text, ' ', sizeof(text));
    assert_int_equal(ipfilter_parse(text, IPFILTER_TEXT, &f), ERR_DECODE_SYNTAX);
    assert_int_equal(ipfilter_parse(text, IPFILTER_TEXT + 1, &f), ERR_DECODE_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_grammar),
        cmocka_unit_test(test_what_is_no_rule_is_refused),
        cmocka_unit_test(test_lengths_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
